"""The state of a stack in a folder: whole or not, locked by whom.

Only for backends that are folders (`file://`); others look after themselves.
"""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil

from .failure import Failure


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A run's claim on the state."""

    file: Path
    pid: int
    host: str
    user: str
    since: datetime

    def __str__(self) -> str:
        return (
            f"pid {self.pid} of {self.user} on {self.host}, since {self.since:%Y-%m-%d %H:%M:%S %Z}"
        )


def state_folder(backend: str) -> Path | None:
    """The folder of a `file://` backend."""
    parts = urlsplit(backend)
    if parts.scheme != "file":
        return None
    return Path(unquote(parts.netloc + parts.path)).expanduser() / ".pulumi"


Snapshot = dict[str, Any]


class _Broken(Exception):
    """What a state is that the engine cannot have written."""


def read_state(folder: Path, project: str, stack: str) -> Snapshot | None:
    """What the engine last wrote of a stack; None before its first run. Raises Failure where the
    engine cannot have written it.

    The engine takes an empty file for a stack without resources, and would make all of them again.
    """
    file = folder / "stacks" / project / f"{stack}.json"
    if not file.is_file():
        return None
    try:
        return _snapshot(file)
    except _Broken as reason:
        raise Failure(
            f"{file}: the state of the stack {stack!r} {reason}. Nothing was changed."
            f" Restore it from a copy, then run again:\n{_copies(folder, project, stack, file)}"
        ) from None


def _snapshot(file: Path) -> Snapshot:
    content = file.read_bytes()
    if not content.strip():
        raise _Broken("is empty")
    try:
        found = json.loads(content)
    except ValueError as error:
        raise _Broken(f"is not JSON ({error})") from None
    checkpoint = found.get("checkpoint") if isinstance(found, dict) else None
    if not isinstance(checkpoint, dict):
        raise _Broken("holds no checkpoint")
    latest: Snapshot = checkpoint.get("latest") or {}
    if reason := _inconsistent(latest.get("resources") or []):
        raise _Broken(reason)
    return latest


def _is_whole(file: Path) -> bool:
    try:
        _snapshot(file)
    except _Broken:
        return False
    return True


def _inconsistent(resources: list[dict[str, Any]]) -> str | None:
    """The engine's own rule: what a resource refers to stands before it."""
    known: set[str] = set()
    for number, resource in enumerate(resources, start=1):
        urn = str(resource.get("urn"))
        parts = urn.split("::")
        if len(parts) < 4 or not urn.startswith("urn:pulumi:"):
            return f"names resource {number} {urn!r}, which is no URN"
        if parts[2].rpartition("$")[2] != resource.get("type"):
            return f"names resource {number} {urn!r}, which is not of its type"
        provider = str(resource.get("provider", "")).rpartition("::")[0]
        references = [resource.get("parent"), provider, *(resource.get("dependencies") or [])]
        missing = next((r for r in references if r and r not in known), None)
        if missing:
            return f"refers from {urn} to {missing}, which does not stand before it"
        known.add(urn)
    return None


def interrupted(latest: Snapshot) -> str | None:
    """Where a run was killed while it created something: the URN of the stack itself."""
    stacks = (r["urn"] for r in latest.get("resources") or [] if r["type"] == "pulumi:pulumi:Stack")
    return next(stacks, None) if latest.get("pending_operations") else None


def _copies(folder: Path, project: str, stack: str, file: Path) -> str:
    """Commands that restore the newest whole copies, newest first."""
    places = [
        Path(f"{file}.bak"),
        *(folder / "history" / project / stack).glob("*.checkpoint.json"),
        *(folder / "backups" / project / stack).glob("*.json"),
    ]
    whole = [path for path in places if path.is_file() and _is_whole(path)]
    newest = sorted(whole, key=lambda path: path.stat().st_mtime, reverse=True)[:3]
    commands = [f"  cp '{path}' '{file}'" for path in newest]
    return "\n".join(commands) or "  (no whole copy was found beside it)"


def locks(folder: Path, project: str, stack: str) -> Iterator[Lock]:
    """Claims on the stack's state, dead ones among them."""
    for file in sorted((folder / "locks").glob(f"**/{project}/{stack}/*.json")):
        try:
            found = json.loads(file.read_text())
            yield Lock(
                file=file,
                pid=int(found["pid"]),
                host=str(found["hostname"]),
                user=str(found["username"]),
                since=datetime.fromisoformat(found["timestamp"]).astimezone(),
            )
        except FileNotFoundError:
            continue


def is_stale(lock: Lock) -> bool:
    """Whether its process is known to be gone; one on another machine never is."""
    if lock.host != socket.gethostname():
        return False
    try:
        process = psutil.Process(lock.pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return ended or process.create_time() > lock.since.timestamp() + 1
    except psutil.NoSuchProcess:
        return True


def release(folder: Path, project: str, stack: str, clear_stale: bool) -> None:
    """Clears locks of dead processes if asked to. Raises Failure where the stack stays locked."""
    for lock in locks(folder, project, stack):
        if not is_stale(lock):
            raise Failure(
                f"the stack {stack!r} is being updated: its state is locked by {lock}."
                " Wait until that run ends"
            )
        if not clear_stale:
            raise Failure(
                f"the stack {stack!r} is locked by {lock}, a process that is gone."
                " Run again with --clear-stale-lock"
            )
        lock.file.unlink(missing_ok=True)
        print(f"cleared the lock of a run that is gone ({lock})", flush=True)
