"""Processes that end with whoever started them, however that one ends."""

import random
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from local.cluster.network import is_free

WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")
"""The kernel ends what it starts when the thread that started it ends, be it by SIGKILL."""

PORTS = range(20000, 32000)
"""Below those that the kernel gives to connections by itself: nobody takes one meanwhile."""


@dataclass
class Processes:
    """Started by name, each with a log of its own."""

    logs: Path
    _running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str, *command: str | Path) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [*WITH_PARENT, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the test, which ends these in order
            )

    def check(self) -> None:
        """Raises where one has ended, with the end of its log."""
        for name, process in self._running.items():
            if process.poll() is not None:
                said = (self.logs / f"{name}.log").read_text(errors="replace")
                raise RuntimeError(f"{name} ended with {process.returncode}:\n{said[-2000:]}")

    def end(self) -> None:
        for process in reversed([*self._running.values()]):
            process.kill()
            process.wait()
        self._running.clear()


@contextmanager
def processes(logs: Path) -> Iterator[Processes]:
    """Ended by force with the context: what they leave is thrown away."""
    logs.mkdir(parents=True, exist_ok=True)
    started = Processes(logs)
    try:
        yield started
    finally:
        started.end()


def free_ports(count: int) -> Sequence[int]:
    """TCP ports of 127.0.0.1 that nobody listens at."""
    shuffled = random.sample(PORTS, len(PORTS))
    return list(islice((port for port in shuffled if is_free(port)), count))
