"""The base image: the official one where it can be pulled, else put together here."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Protocol

from .cache import Cache
from .errors import Failure
from .process import Runner
from .recipe import ARCHITECTURES, Recipe

DEBIAN = {"linux/amd64": "amd64", "linux/arm64": "arm64"}
EPOCH = "0"

_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
_CLEAN = """cd "$1" && rm -rf var/cache/apt/*.bin var/cache/ldconfig/* var/lib/apt/lists/* var/log/*
rm -f etc/resolv.conf etc/hostname
find usr/lib/python3* -name __pycache__ -prune -exec rm -rf {} +"""


class Store(Protocol):
    """Where a builder keeps images, all for its platform."""

    def has(self, image: str) -> bool: ...

    def pull(self, image: str) -> bool: ...

    def take(self, tarball: Path, name: str) -> None:
        """Makes a root file system an image. Raises Failure."""


def base_image(store: Store, recipe: Recipe, platform: str, cache: Cache, runner: Runner) -> str:
    """The name of the image to start from, which is in the store then. Raises Failure.

    A store that has either image is not asked to pull: where there is no way to the official one,
    finding that out can take a minute.
    """
    own = f"localhost/ekiben-base:{recipe.base_id}-{DEBIAN[platform]}"
    for name in (recipe.image, own):
        if store.has(name):
            return name
    if store.pull(recipe.image):
        return recipe.image
    store.take(debian_tarball(recipe, platform, cache, runner), own)
    return own


def check_platform(platform: str) -> None:
    """Raises Failure where this machine cannot run the platform's programs."""
    wanted = ARCHITECTURES[platform]
    if (
        wanted != os.uname().machine
        and not Path(f"/proc/sys/fs/binfmt_misc/qemu-{wanted}").exists()
    ):
        raise Failure(
            "base",
            f"{platform} images cannot be built on this {os.uname().machine} machine",
            advice=f"install an emulator (qemu-user-static) or build on a machine with {wanted}",
        )


def debian_tarball(recipe: Recipe, platform: str, cache: Cache, runner: Runner) -> Path:
    """The root file system of the base, made once by mmdebstrap. Raises Failure."""
    check_platform(platform)
    architecture = DEBIAN[platform]
    tarball = cache.images / "base" / f"{recipe.base_id}-{architecture}.tar"
    if not tarball.exists():
        tarball.parent.mkdir(parents=True, exist_ok=True)
        if not shutil.which("mmdebstrap"):
            raise Failure(
                "base",
                f"{recipe.image.partition('@')[0]} cannot be pulled, and there is no mmdebstrap",
                advice="install mmdebstrap, or let this machine reach the image's registry",
            )
        with tempfile.TemporaryDirectory(dir=tarball.parent, prefix=".base-") as folder:
            made = Path(folder) / "base.tar"
            _debootstrap(recipe, architecture, made, runner)
            made.rename(tarball)
    return tarball


def _debootstrap(recipe: Recipe, architecture: str, made: Path, runner: Runner) -> None:
    options = [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
    done = runner.run(
        "making the base image",
        [
            *("mmdebstrap", "--variant=minbase", f"--architectures={architecture}"),
            *(f"--include={','.join(recipe.packages)}", *options),
            *(f"--customize-hook={_CLEAN}", "--aptopt=Acquire::Retries 3", recipe.suite, str(made)),
        ],
        SOURCE_DATE_EPOCH=EPOCH,
        TMPDIR=str(made.parent),
    )
    if done.code:
        raise Failure(
            "base",
            "mmdebstrap failed",
            [line for line in done.lines if line.startswith(("E:", "W:", "Err:"))][-5:]
            or done.lines[-5:],
            "check that this machine reaches Debian's packages",
        )
