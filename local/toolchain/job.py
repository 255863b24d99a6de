"""What a way is given to do its work with: one tool's making."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from local.toolchain.errors import Stopped, WayError
from local.toolchain.places import Places
from local.toolchain.recipe import Tool

TAIL_LINES = 20


class Say(Protocol):
    """Tells what is going on, and which share of the making is done where that is known."""

    def __call__(self, what: str, share: float | None = None) -> None: ...


@dataclass
class Children:
    """The programs that are running for us, so that an interrupt ends them all."""

    _running: set[int] = field(default_factory=set)
    _stopped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, argv: Sequence[str], environ: Mapping[str, str], cwd: Path) -> _Child:
        with self._lock:
            if self._stopped:
                raise Stopped
            child = subprocess.Popen(
                [*_tied_to_us(), *argv],
                env=environ,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running.add(child.pid)
            return child

    def ended(self, child: _Child) -> None:
        """To be called once the child has been waited for."""
        with self._lock:
            self._running.discard(child.pid)
        self.check()

    def check(self) -> None:
        """To be called now and then by what runs long without a child."""
        if self._stopped:
            raise Stopped

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for pid in self._running:
                os.killpg(pid, signal.SIGTERM)


_Child = subprocess.Popen[str]


def _tied_to_us() -> list[str]:
    """A prefix by which the kernel ends the program should we be killed."""
    return ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


@dataclass(frozen=True)
class Job:
    tool: Tool
    into: Path  # an empty folder that becomes the tool's folder
    home: Path  # where that folder will be
    scratch: Path  # an empty folder that goes away
    log: Path
    places: Places
    machine: str  # as in `uname -m`
    say: Say
    need: Callable[[str], Path]  # another tool that this way stands on
    children: Children

    def run(
        self,
        argv: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> list[str]:
        """Run a program, its output into the log; all of its lines, or a `WayError`."""
        lines: list[str] = []
        with self.log.open("a") as log:
            print("$", *argv, file=log, flush=True)
            child = self.children.start(argv, environ or os.environ, cwd or self.scratch)
            assert child.stdout is not None
            for line in child.stdout:
                log.write(line)
                lines.append(line.rstrip("\n"))
                if on_line:
                    on_line(lines[-1])
            code = child.wait()
            self.children.ended(child)
        if code != 0:
            raise WayError(f"{Path(argv[0]).name} ended with {code}", tail(lines))
        return lines


def tail(lines: Sequence[str]) -> str:
    return "\n".join(deque(lines, maxlen=TAIL_LINES))
