"""The pinned uv that installs requirements inside images, for the image's architecture."""

import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from .cache import Cache
from .errors import Failure
from .process import Runner
from .recipe import Uv


def fetch(uv: Uv, architecture: str, cache: Cache, runner: Runner) -> Path:
    """The path of the uv binary, downloaded through pip and checked once. Raises Failure."""
    expected = uv.sha256[architecture]
    home = cache.tools / f"uv-{uv.version}-{architecture}-{expected[:8]}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=".uv-") as folder:
            _unpack(_download(uv.version, expected, architecture, Path(folder), runner), home)
    return home / "uv"


def _download(version: str, sha256: str, architecture: str, folder: Path, runner: Runner) -> Path:
    """The wheel; pip refuses one with another hash, and knows the user's index and proxies."""
    pinned = folder / "uv.txt"
    pinned.write_text(f"uv=={version} --hash=sha256:{sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    wanted = ["--only-binary=:all:", "--platform", f"manylinux2014_{architecture}"]
    done = runner.run(
        f"fetching uv {version}",
        [*command, *wanted, "--require-hashes", "-r", str(pinned), "-d", str(folder)],
    )
    if done.code:
        raise Failure(
            "base",
            f"uv {version} could not be fetched",
            done.lines[-5:],
            "check that this machine reaches its Python package index (PIP_INDEX_URL, proxies)",
        )
    return next(folder.glob("*.whl"))


def _unpack(wheel: Path, home: Path) -> None:
    """Beside its place first, then renamed: the folder is complete or absent."""
    unpacked = wheel.parent / "unpacked"
    unpacked.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".data/scripts/uv"))
        with archive.open(name) as packed, (unpacked / "uv").open("wb") as binary:
            shutil.copyfileobj(packed, binary)
    (unpacked / "uv").chmod(0o755)
    try:
        unpacked.rename(home)
    except OSError:
        if not home.exists():  # else another build was as quick
            raise


def environment() -> dict[str, str]:
    """What pip and builders need of this process's environment."""
    names = ("PATH", "HOME", "LANG", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "EKIBEN_BUILDER")
    prefixes = ("PIP_", "SSL_CERT_", "REQUESTS_CA", "DOCKER_", "BUILDX_")
    return {
        name: value
        for name, value in os.environ.items()
        if name in names or name.startswith(prefixes) or name.lower().endswith("_proxy")
    }
