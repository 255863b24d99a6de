"""Running a command to its end, or until it is killed."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 280.0
"""Seconds that any one command may take on a busy machine."""


@dataclass(frozen=True)
class Ran:
    """A finished command; what it printed on stdout, and on stderr."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    def well(self) -> "Ran":
        """Itself, where the command succeeded."""
        assert self.code == 0, self.text
        return self

    def refused(self) -> str:
        """What it said, where it did not."""
        assert self.code != 0, self.text
        assert "Traceback (most recent call last)" not in self.err, self.text
        return self.text


def run(
    command: list[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    stdin: str = "",
    seconds: float = PATIENCE,
) -> Ran:
    """Runs a command to its end; one that takes longer is killed with all that it started."""
    with started(command, folder, environ) as process:
        try:
            out, err = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"\nkilled after {seconds:.0f} s: {' '.join(command)}"
    return Ran(process.returncode, out, err)


@contextmanager
def started(
    command: list[str], folder: Path, environ: Mapping[str, str]
) -> Iterator["subprocess.Popen[str]"]:
    """A command that runs meanwhile, in a session of its own, all of which is killed at the end."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def printed(process: "subprocess.Popen[str]", awaited: Callable[[str], bool]) -> str:
    """Reads a running command's stdout up to the first line that is awaited; gives what it read."""
    assert process.stdout
    seen = ""
    for line in process.stdout:
        seen += line
        if awaited(line):
            return seen
    raise AssertionError(f"ended before it said what was awaited:\n{seen}")
