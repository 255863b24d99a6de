"""Running a program and measuring it with everything that it starts."""

import os
import shlex
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

_SAMPLE_SECONDS = 0.2


@dataclass(frozen=True)
class Measured:
    """Seconds on the wall's clock and of all processors, peak memory, exit status, output.

    `memory_mb` is the resident memory of the largest Python process at its peak: the program that
    registers resources, beside an engine and plugins that are the same for any program.
    """

    seconds: float
    processor_seconds: float
    memory_mb: float
    status: int
    output: str


def measure(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Measured:
    """Runs a command to its end. Processor seconds count what was waited for below it."""
    before, started = os.times(), perf_counter()
    with subprocess.Popen(
        command, cwd=cwd, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        peak = [0.0]
        watch = threading.Thread(target=_watch, args=(process, peak), daemon=True)
        watch.start()
        output = process.communicate()[0]
    seconds, after = perf_counter() - started, os.times()
    watch.join()
    used = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return Measured(seconds, used, peak[0], process.returncode, output)


def said(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> str:
    """Standard output of a program that has to succeed."""
    done = subprocess.run(
        command, cwd=cwd, env=dict(env), check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{shlex.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _watch(process: "subprocess.Popen[str]", peak: list[float]) -> None:
    while process.poll() is None:
        try:
            family = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for member in family:
            try:
                if "python" in member.name():
                    peak[0] = max(peak[0], member.memory_info().rss / 1e6)
            except psutil.NoSuchProcess:
                continue
        try:
            process.wait(_SAMPLE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
