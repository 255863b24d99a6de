"""What is there of the toolchain, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.toolchain.ensure import Toolchain


@dataclass(frozen=True)
class Row:
    tool: str
    version: str  # empty where the tool is not there
    way: str
    why: str
    path: Path | None
    seconds: float | None  # how long it took to make; None for what the machine had


def status(toolchain: Toolchain | None = None) -> list[Row]:
    """A row a tool; fetches and makes nothing."""
    toolchain = toolchain or Toolchain()
    rows = []
    for tool in toolchain.tools:
        taken = toolchain.look(tool)
        if taken is None:
            rows.append(Row(tool.name, "", "", "not there yet", None, None))
            continue
        path = taken.folder or next(iter(taken.paths.values()))
        seconds = taken.seconds if taken.folder else None
        rows.append(Row(tool.name, taken.version, taken.way, taken.why, path, seconds))
    return rows


def show(rows: list[Row], console: Console) -> None:
    table = Table("tool", "version", "from", "took", "why, where", box=None, pad_edge=False)
    for row in rows:
        took = "" if row.seconds is None else f"{row.seconds:.0f} s"
        where = f"{row.why}\n{row.path}" if row.path and row.seconds is not None else row.why
        table.add_row(row.tool, row.version or "-", row.way or "-", took, where)
    console.print(table, highlight=False)
