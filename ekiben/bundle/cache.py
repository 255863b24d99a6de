"""Where builds keep what the next one can use, and the locks that keep builds apart.

A lock is a flock on a file: the kernel lets go of it when its process dies, however it dies.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Cache:
    """The folders under $EKIBEN_CACHE that bundling uses."""

    root: Path

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def tools(self) -> Path:
        return self.root / "tools"

    @property
    def locks(self) -> Path:
        return self.images / "locks"

    @property
    def contexts(self) -> Path:
        return self.images / "contexts"

    def log(self, model: str, image_id: str) -> Path:
        return self.root / "logs" / f"build-{model}-{image_id}.log"


def default_cache() -> Cache:
    """$EKIBEN_CACHE, else `ekiben` in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    chosen = Path(os.environ.get("EKIBEN_CACHE") or Path(home) / "ekiben")
    return Cache(chosen.expanduser().absolute())


@contextlib.contextmanager
def held(path: Path, *, waiting: Callable[[], None], cancelled: threading.Event) -> Iterator[bool]:
    """Holds the lock alone. Yields whether it was got; not got means cancelled while waiting."""
    with _any_of([path], waiting, cancelled) as got:
        yield got


@contextlib.contextmanager
def slot(
    folder: Path, count: int, *, waiting: Callable[[], None], cancelled: threading.Event
) -> Iterator[bool]:
    """Holds one of `count` places, so that at most so many builds run at once on this machine."""
    paths = [folder / f"slot-{number}" for number in range(count)]
    with _any_of(paths, waiting, cancelled) as got:
        yield got


@contextlib.contextmanager
def _any_of(
    paths: list[Path], waiting: Callable[[], None], cancelled: threading.Event
) -> Iterator[bool]:
    files = [_open(path) for path in paths]
    try:
        while not any(_lock(file, fcntl.LOCK_EX) for file in files):
            waiting()
            if cancelled.wait(0.2):
                yield False
                return
        yield True
    finally:
        for file in files:
            file.close()


@contextlib.contextmanager
def among_builders(path: Path, clean: Callable[[], None]) -> Iterator[None]:
    """Counts as a living builder; runs `clean` first where no other one lives."""
    with _open(path) as file:
        if _lock(file, fcntl.LOCK_EX):
            clean()
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _open(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def _lock(file: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
