"""The recipe every image follows: `catalog/recipe.yaml`, typed."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

RECIPE = Path(__file__).parent.parent / "catalog" / "recipe.yaml"

ARCHITECTURES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
"""Platforms that images are built for, and what uname calls their processor."""


@dataclass(frozen=True, kw_only=True)
class Uv:
    """The pinned uv: its version and the SHA-256 of its wheel by architecture."""

    version: str
    sha256: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Fields as in the file; `large_file` in bytes, `smoke_deadline` in seconds."""

    revision: int
    image: str
    suite: str
    packages: tuple[str, ...]
    python: str
    uv: Uv
    bentoml: str
    user: int
    port: int
    large_file: int
    smoke_deadline: int

    @property
    def base_id(self) -> str:
        """Identity of the base image that is put together here: 12 hex characters."""
        text = repr((self.revision, self.suite, self.packages, self.python))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@functools.cache
def recipe() -> Recipe:
    """The shipped recipe."""
    data: dict[str, Any] = yaml.safe_load(RECIPE.read_text())
    return Recipe(**{**data, "packages": tuple(data["packages"]), "uv": Uv(**data["uv"])})
