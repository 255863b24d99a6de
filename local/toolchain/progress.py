"""Telling what is going on: a line a tool on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Column

PLAIN_EVERY_S = 20.0
NAME_WIDTH = 18


class Progress(Protocol):
    """What `ensure` tells; called from several threads."""

    def start(self, tool: str) -> None: ...

    def say(self, tool: str, what: str, share: float | None = None) -> None:
        """What is being done; `share` (0 to 1) of the whole, where known."""

    def done(self, tool: str, what: str) -> None: ...

    def fail(self, tool: str, why: str) -> None: ...


class _Silent:
    def start(self, tool: str) -> None:
        pass

    def say(self, tool: str, what: str, share: float | None = None) -> None:
        pass

    def done(self, tool: str, what: str) -> None:
        pass

    def fail(self, tool: str, why: str) -> None:
        pass


SILENT: Progress = _Silent()


@dataclass
class Plain:
    """Lines of text: each tool's start of work and end, and in between one every 20 seconds."""

    out: TextIO
    _started: dict[str, float] = field(default_factory=dict)
    _told: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, tool: str) -> None:
        self._started[tool] = time.monotonic()

    def say(self, tool: str, what: str, share: float | None = None) -> None:
        now = time.monotonic()
        if now - self._told.get(tool, -PLAIN_EVERY_S) < PLAIN_EVERY_S:
            return
        self._told[tool] = now
        percent = "" if share is None else f" {share:4.0%}"
        self._line(tool, f"{self._elapsed(tool)}{percent} {what}")

    def done(self, tool: str, what: str) -> None:
        self._line(tool, f"{self._elapsed(tool)} {what}")

    def fail(self, tool: str, why: str) -> None:
        self._line(tool, f"{self._elapsed(tool)} FAILED: {why}")

    def _elapsed(self, tool: str) -> str:
        return f"{time.monotonic() - self._started.get(tool, time.monotonic()):4.0f} s"

    def _line(self, tool: str, text: str) -> None:
        with self._lock:
            print(f"{tool:<{NAME_WIDTH}}{text}", file=self.out, flush=True)


@dataclass
class Board:
    """Bars on a terminal: one for each tool at work, a line left behind for each that is done."""

    bars: Bars
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def start(self, tool: str) -> None:
        self._tasks[tool] = self.bars.add_task("", total=None, tool=tool)

    def say(self, tool: str, what: str, share: float | None = None) -> None:
        if (task := self._tasks.get(tool)) is None:
            return
        if share is None:
            self.bars.update(task, description=what)
        else:
            self.bars.update(task, description=what, completed=share, total=1.0)

    def done(self, tool: str, what: str) -> None:
        self._end(tool, "[green]ok[/]  ", what)

    def fail(self, tool: str, why: str) -> None:
        self._end(tool, "[red]failed[/] ", why)

    def _end(self, tool: str, mark: str, what: str) -> None:
        if (task := self._tasks.pop(tool, None)) is not None:
            self.bars.remove_task(task)
        self.bars.console.print(f"{tool:<{NAME_WIDTH}}{mark}{what}", highlight=False)


@contextmanager
def shown(out: TextIO) -> Iterator[Progress]:
    """Bars where `out` is a terminal, else lines."""
    console = Console(file=out)
    if not console.is_terminal:
        yield Plain(out)
        return
    text = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    columns = (
        TextColumn(f"{{task.fields[tool]:<{NAME_WIDTH}}}"),
        BarColumn(20),
        TimeElapsedColumn(),
        TextColumn("{task.description}", table_column=text),
    )
    with Bars(*columns, console=console, expand=True) as bars:
        yield Board(bars)
