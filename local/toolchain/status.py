"""What is there of the toolchain, as rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local.toolchain.ensure import Toolchain


@dataclass(frozen=True)
class Row:
    tool: str
    version: str  # empty where the tool is not there
    way: str
    why: str
    path: Path | None
    seconds: float | None  # how long it took to make; None for what the machine had


def status(names: Iterable[str] | None = None, toolchain: Toolchain | None = None) -> list[Row]:
    """A row for each tool behind `names` (None: for every tool); fetches and makes nothing."""
    toolchain = toolchain or Toolchain()
    rows = []
    for tool in toolchain.providers(names):
        taken = toolchain.look(tool)
        if taken is None:
            rows.append(Row(tool.name, "", "", "not there yet", None, None))
            continue
        path = taken.folder or next(iter(taken.paths.values()))
        seconds = taken.seconds if taken.folder else None
        rows.append(Row(tool.name, taken.version, taken.way, taken.why, path, seconds))
    return rows


def show(rows: list[Row]) -> str:
    lines = []
    for row in rows:
        took = "" if row.seconds is None else f"{row.seconds:.0f} s"
        lines.append(
            f"{row.tool:<18} {row.version or '-':<24} {row.way or '-':<9} {took:>6}  {row.why}"
        )
        if row.path and row.seconds is not None:
            lines.append(f"{'':<18} {row.path}")
    return "\n".join(lines)
