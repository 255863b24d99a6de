"""One at a time: a lock on a file that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

POLL_S = 0.1


@contextmanager
def locked(file: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold `file`'s lock; `on_wait` is called again and again while another holds it, and ends
    the waiting by raising."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        while not _taken(handle):
            on_wait()
            time.sleep(POLL_S)
        yield


def _taken(handle: TextIO) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
