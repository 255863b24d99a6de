"""The two builders' common shape, and which one a machine gets."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from .buildah import Buildah
from .cache import Cache
from .certificates import bundle
from .containerfile import Builder as Dialect
from .docker import Docker, works
from .errors import Failure
from .process import Finished, Runner
from .recipe import Recipe
from .source import Registry

CHOICE = "EKIBEN_BUILDER"


class Builder(Protocol):
    """What `publish` needs. `build` and `push` give an id or digest, empty where they failed."""

    @property
    def name(self) -> Dialect: ...

    def prepare(self) -> None: ...

    def clean(self) -> None: ...

    def base(self, recipe: Recipe, platform: str) -> str: ...

    def build(
        self, what: str, target: str, context: Path, platform: str, *, offline: bool
    ) -> tuple[str, Finished]: ...

    def push(
        self, image: str, repository: str, tag: str, registry: Registry, context: Path
    ) -> tuple[str, Finished]: ...


def choose(cache: Cache, runner: Runner) -> Builder:
    """Docker where a daemon answers, else buildah; $EKIBEN_BUILDER names one. Raises Failure."""
    named = runner.environ.get(CHOICE, "")
    if named == "docker" or (not named and works(runner.environ)):
        return Docker(runner=runner, certificates=bundle())
    if not shutil.which("buildah", path=runner.environ.get("PATH")):
        raise Failure(
            "base",
            "no Docker daemon answers (docker info), and buildah is not installed",
            advice="start Docker, or install buildah",
        )
    if os.geteuid() != 0:
        raise Failure(
            "base",
            "no Docker daemon answers (docker info), and buildah builds images as root only here",
            advice="start Docker, or run this as root",
        )
    return Buildah(cache=cache, runner=runner, certificates=bundle())
