"""The two builders' common shape, and which one a machine gets."""

import os
from pathlib import Path
from typing import Protocol

from .buildah import Buildah
from .cache import Cache
from .certificates import bundle
from .containerfile import Builder as Dialect
from .daemon import Unusable, reached
from .docker import Docker
from .errors import Failure
from .process import Finished, Runner
from .recipe import Recipe
from .source import Registry

CHOICE = "EKIBEN_BUILDER"


class Builder(Protocol):
    """What `publish` needs: one for each image, for the platform of its cluster.

    `push` gives the digest, empty where it failed.
    """

    @property
    def name(self) -> Dialect: ...

    def prepare(self) -> None: ...

    def clean(self) -> None: ...

    def base(self, recipe: Recipe) -> str: ...

    def build(self, what: str, target: str, context: Path, *, offline: bool) -> Finished: ...

    def push(
        self, repository: str, tag: str, registry: Registry, context: Path
    ) -> tuple[str, Finished]: ...


def choose(cache: Cache, runner: Runner, platform: str) -> Builder:
    """Docker where this machine's daemon can build, else buildah; $EKIBEN_BUILDER names one.

    Raises Failure.
    """
    named = runner.environ.get(CHOICE, "")
    if named not in ("", "docker", "buildah"):
        advice = f"set {CHOICE} to docker or buildah, or unset it"
        raise Failure("base", f"{CHOICE} is {named!r}", advice=advice)
    if named == "buildah":
        return _buildah(cache, runner, platform, f"{CHOICE} is buildah", f"unset {CHOICE}")
    try:
        builder = reached(runner.environ, anywhere=named == "docker")
    except Unusable as reason:
        if named == "docker":
            advice = f"mend it, or unset {CHOICE} to build with buildah"
            raise Failure("base", f"{CHOICE} is docker, but {reason}", advice=advice) from None
        return _buildah(cache, runner, platform, str(reason), "start Docker")
    return Docker(
        cache=cache, runner=runner, certificates=bundle(), platform=platform, builder=builder
    )


def _buildah(cache: Cache, runner: Runner, platform: str, why: str, instead: str) -> Buildah:
    """`why` it is not Docker, and what to do `instead` of getting buildah to work."""
    for ready, trouble, advice in (
        (runner.finds("buildah"), "buildah is not installed", "install buildah"),
        (os.geteuid() == 0, "buildah builds images as root only here", "run this as root"),
    ):
        if not ready:
            raise Failure("base", f"{why}, and {trouble}", advice=f"{instead}, or {advice}")
    runner.log.write(f"building with buildah: {why}\n")
    return Buildah(cache=cache, runner=runner, certificates=bundle(), platform=platform)
