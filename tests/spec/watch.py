"""What the loader opens and changes, heard through the interpreter's audit events."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ekiben

PACKAGE = Path(ekiben.__file__).parent
"""Ekiben's own recipe and runtime are part of every image's identity, so they are read."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_READS = ("open", "os.listdir", "os.scandir", "os.walk")
_CHANGES = ("os.", "shutil.", "subprocess.", "socket.", "tempfile.", "pty.", "ctypes.")

Event = tuple[str, tuple[Any, ...]]


class _Watch:
    """Audit events while it is on; a hook can never be removed, so there is one."""

    def __init__(self) -> None:
        self.events: list[Event] | None = None
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if self.events is not None and (event in _READS or event.startswith(_CHANGES)):
            self.events.append((event, args))


_WATCH = _Watch()


@contextmanager
def watched() -> Iterator[list[Event]]:
    """The events of its block, in order."""
    heard: list[Event] = []
    _WATCH.events = heard
    try:
        yield heard
    finally:
        _WATCH.events = None


def assert_only_reads(events: list[Event], root: Path) -> None:
    """Nothing but reading happened, and only below `root` or in Ekiben's package."""
    for event, args in events:
        assert event in _READS, f"{event}{args}"
        path = Path(os.path.realpath(args[0]))
        assert path.is_relative_to(root) or path.is_relative_to(PACKAGE), f"{event} of {path}"
        assert event != "open" or not args[2] & WRITING, f"{path} is opened for writing"
