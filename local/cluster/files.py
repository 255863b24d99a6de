"""Writing files whole or not at all, so that a kill at any instant leaves no half of one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

PRIVATE = 0o600
READABLE = 0o644


def write(path: Path, content: str | bytes, mode: int = READABLE) -> None:
    """Replace `path` by `content` in one step; its folder is made when missing."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_if_changed(path: Path, content: str | bytes, mode: int = READABLE) -> bool:
    """Like `write`, but leave an equal file alone; tells whether it wrote."""
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.read_bytes() == data and path.stat().st_mode & 0o777 == mode:
            return False
    except FileNotFoundError:
        pass
    write(path, data, mode)
    return True


def write_json(path: Path, value: Any, mode: int = READABLE) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    write(path, json.dumps(value, indent=2) + "\n", mode)


def read_json(path: Path) -> Any | None:
    """What `write_json` wrote, or None where there is no such file."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
