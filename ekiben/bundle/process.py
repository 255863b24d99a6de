"""Runs a builder's command: its output into the log, progress while it runs, a quick end."""

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

TICK = 5.0
"""Seconds between two progress lines of the same step."""

GRACE = 1.0
"""Seconds a cancelled command has between SIGTERM and SIGKILL."""

KEPT_LINES = 4000


class Stopped(Exception):
    """The command was ended because the build was cancelled."""


@dataclass(frozen=True)
class Finished:
    """A command that ended by itself, and the last lines it printed."""

    code: int
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Runner:
    """What all commands of one build share: environment, log, progress, the request to stop."""

    log: IO[str]
    progress: Callable[[str], None]
    cancelled: threading.Event
    environ: Mapping[str, str]
    model: str

    def finds(self, program: str) -> bool:
        """Whether commands may use the program."""
        return shutil.which(program, path=self.environ.get("PATH")) is not None

    def run(self, what: str, command: Sequence[str], **more: str) -> Finished:
        """Runs the command, `more` being extra environment; says `what (12 s)` as time passes.
        An empty `what` says nothing: for what takes no time.

        Raises Stopped when the build is cancelled, after the command's whole group has ended.
        """
        self.log.write(f"\n$ {' '.join(command)}\n")
        self.log.flush()
        process = subprocess.Popen(
            command,
            env={**self.environ, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            return self._follow(what, process)
        finally:
            end(process)

    def _follow(self, what: str, process: "subprocess.Popen[str]") -> Finished:
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
        last: deque[str] = deque(maxlen=KEPT_LINES)
        began = said = time.monotonic()
        if what:
            self.progress(what)
        while True:
            with contextlib.suppress(queue.Empty):
                line = lines.get(timeout=0.1)
                if line is None:
                    return Finished(process.wait(), tuple(last))
                self.log.write(line)
                self.log.flush()
                last.append(line.rstrip("\n"))
            if self.cancelled.is_set():
                raise Stopped(what)
            if what and time.monotonic() - said >= TICK:
                said = time.monotonic()
                self.progress(f"{what} ({said - began:.0f} s)")


def end(process: "subprocess.Popen[str]") -> None:
    """Ends the process and its group; returns when it is gone."""
    if process.poll() is not None:
        return
    _signal(process, signal.SIGTERM)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: "subprocess.Popen[str]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _read(output: IO[str] | None, lines: "queue.SimpleQueue[str | None]") -> None:
    assert output is not None
    for line in output:
        lines.put(line)
    lines.put(None)
