"""Official binaries from their publishers, checked against the publisher's checksums."""

from __future__ import annotations

import functools
import hashlib
import shutil
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from local.toolchain.errors import WayError
from local.toolchain.job import Job
from local.toolchain.recipe import Download, Remote

PROBE_S = 3.0
STALLED_S = 20.0
CHUNK = 1 << 18


def obtain(way: Download, job: Job) -> str:
    for remote in way.files:
        if reason := out_of_reach(*_origin(remote.url)):
            raise WayError(reason)
    for done, remote in enumerate(way.files):
        _fetch(remote, job, done / len(way.files), 1 / len(way.files))
    return way.version


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


@functools.cache
def out_of_reach(scheme: str, host: str) -> str | None:
    """Why a site cannot be used; asked once a run, quickly, so that closed networks cost little."""
    try:
        httpx.head(f"{scheme}://{host}/", timeout=PROBE_S)
    except httpx.HTTPError as error:
        return f"{host} is out of reach ({error or type(error).__name__})"
    return None


def _fetch(remote: Remote, job: Job, start: float, part: float) -> None:
    arch = remote.arches.get(job.machine)
    if arch is None:
        raise WayError(f"nothing is published for {job.machine}")
    url, sums = remote.url.format(arch=arch), remote.sums.format(arch=arch)
    name = url.rsplit("/", 1)[-1]
    expected = digest_for(name, _text(sums), sums)
    file = job.scratch / name
    actual = _stream(url, file, lambda share: job.say(f"downloading {name}", start + part * share))
    if actual != expected:
        raise WayError(f"{url}: SHA-256 is {actual}, {sums} says {expected}")
    unpack(file, remote.unpack, job.into)


def _text(url: str) -> str:
    try:
        answer = httpx.get(url, follow_redirects=True, timeout=STALLED_S)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise WayError(f"{url}: {error or type(error).__name__}") from error
    return answer.text


def _stream(url: str, file: Path, tell: Callable[[float], None]) -> str:
    digest = hashlib.sha256()
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=STALLED_S) as answer:
            answer.raise_for_status()
            total = int(answer.headers.get("content-length", 0))
            with file.open("wb") as out:
                for chunk in answer.iter_bytes(CHUNK):
                    out.write(chunk)
                    digest.update(chunk)
                    if total:
                        tell(out.tell() / total)
    except httpx.HTTPError as error:
        raise WayError(f"{url}: {error or type(error).__name__}") from error
    return digest.hexdigest()


def digest_for(name: str, sums: str, where: str) -> str:
    """The digest of one file out of a checksum file: one bare digest, or a line a file."""
    for line in sums.splitlines():
        digest, _, rest = line.strip().partition(" ")
        if len(digest) == 64 and rest.strip().lstrip("*") in ("", name):
            return digest.lower()
    raise WayError(f"{where} names no SHA-256 of {name}")


def unpack(file: Path, members: Mapping[str, str], into: Path) -> None:
    """Put members of a tar archive (or, under the name "", the file itself) in their places."""
    if "" in members:
        _place(file, into / members[""])
        return
    with tarfile.open(file) as archive:
        for member, place in members.items():
            try:
                source = archive.extractfile(member)
            except KeyError:
                source = None
            if source is None:
                raise WayError(f"{file.name} holds no file {member}")
            target = into / place
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as out:
                shutil.copyfileobj(source, out)
            target.chmod(0o755)


def _place(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    file.replace(target)
    target.chmod(0o755)
