"""One `up` or `down` at a time on one cluster."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether the locked file is the one at `path`: `down` unlinks it while holding it."""
    try:
        there, held = path.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)


def holder(path: Path) -> str:
    """Who holds the lock, in words."""
    with suppress(OSError):
        if text := path.read_text().strip():
            return text
    return "another process"


@contextmanager
def held(path: Path, waiting: Callable[[str], None], *, shared: bool = False) -> Iterator[None]:
    """Hold the lock at `path`, whose folder is there; `waiting` is told once whom we wait for.

    Any number of holders may have a `shared` one, and nobody else then. The kernel drops the lock
    with its holder, however that ends, so none is ever stale.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(holder(path))
            fcntl.flock(descriptor, kind)
        if _is_still(descriptor, path):
            break
        os.close(descriptor)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} ({' '.join(sys.argv)})\n".encode())
        yield
    finally:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether any process, in any namespace, holds the lock at `path`."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
