"""The programs that the local default stands on: found, fetched or built, one folder each.

paths = ensure(["kubelet", "etcd"], progress)
for row in status(): ...
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from local.toolchain.ensure import Toolchain
from local.toolchain.errors import ToolchainError
from local.toolchain.progress import SILENT, Progress
from local.toolchain.status import Row, status

__all__ = ["Progress", "Row", "ToolchainError", "ensure", "status"]


def ensure(names: Iterable[str] | None, progress: Progress = SILENT) -> Mapping[str, Path]:
    """Paths of all that the tools behind `names` provide (None: of everything).

    May be called again at any time, after any interruption, and by several processes at once.
    Raises `ToolchainError`, whose text says for each tool what was tried and what to do.
    """
    return Toolchain().ensure(names, progress)
