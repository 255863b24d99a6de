"""Which process a pid file means: a pid alone may belong to another by now."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from local.cluster import files

_PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessId:
    """A process of this machine; equal only for one and the same."""

    pid: int
    started: int
    """Start time in clock ticks since boot."""
    boot: str
    pid_namespace: str


def boot_id() -> str:
    """Changes with every boot of the machine."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def pid_namespace() -> str:
    """The namespace in which this process counts pids."""
    return (_PROC / "self/ns/pid").readlink().name


def start_time(pid: int) -> int | None:
    """Start of a live process in clock ticks since boot; None for none or a zombie."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the command in parentheses and may hold anything.
    fields = text[text.rindex(")") + 2 :].split()
    state, started = fields[0], int(fields[19])
    return None if state in "ZX" else started


def of(pid: int) -> ProcessId | None:
    """The identity of a live process of this namespace."""
    started = start_time(pid)
    if started is None:
        return None
    return ProcessId(pid, started, boot_id(), pid_namespace())


def is_alive(process: ProcessId) -> bool:
    """Whether exactly this process still runs, seen from this PID namespace."""
    return of(process.pid) == process


def save(path: Path, process: ProcessId) -> None:
    files.write_json(path, asdict(process))


def load(path: Path) -> ProcessId | None:
    """What `save` wrote; None where there is none or it is not one of ours."""
    try:
        value = files.read_json(path)
        return ProcessId(**value) if value is not None else None
    except (TypeError, ValueError):
        return None


def running(path: Path) -> ProcessId | None:
    """The live process that a pid file means, if any."""
    process = load(path)
    return process if process is not None and is_alive(process) else None
