"""Where the toolchain lies on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.cache import cache_root

GO_MODULES = Path(__file__).parent / "go"


@dataclass(frozen=True)
class Places:
    """The folders of one user's cache."""

    root: Path

    @property
    def tools(self) -> Path:
        """One folder a tool, complete or absent."""
        return self.root / "tools"

    @property
    def making(self) -> Path:
        """Tools that are being made; what lies here is worth nothing after a crash."""
        return self.tools / ".making"

    @property
    def locks(self) -> Path:
        return self.tools / ".locks"

    @property
    def logs(self) -> Path:
        """The whole output of each tool's last making."""
        return self.tools / ".logs"

    @property
    def apt(self) -> Path:
        """Package lists of our own, for when the machine's are missing or stale."""
        return self.root / "apt"

    @property
    def go(self) -> Path:
        """The go command's modules and compiled packages; cleared once every tool is built."""
        return self.root / "go"

    @property
    def go_for_tests(self) -> Path:
        """The same of what only tests ask for, which may never be built; cleared by itself."""
        return self.root / "go-for-tests"

    @property
    def bin(self) -> Path:
        """Links for people; no program reads it."""
        return self.root / "bin"


def default_places(environ: Mapping[str, str] = os.environ) -> Places:
    """The folders of this user's cache."""
    return Places(cache_root(environ))
