"""The catalogue's data files: CSV below a head of `# key: value` lines, one fact a line, sorted.

A file of this shape is read fast, and its diff shows what a newer source changed.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Table:
    """A data file; its head says among others where its facts come from, and of which day."""

    head: Mapping[str, str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def read(name: str, folder: Path = FOLDER) -> Table:
    """The table in `<name>.csv`."""
    lines = (folder / f"{name}.csv").read_text().splitlines()
    start = next(index for index, line in enumerate(lines) if not line.startswith("# "))
    head = dict(line.removeprefix("# ").split(": ", 1) for line in lines[:start])
    columns, *rows = csv.reader(lines[start:])
    return Table(head=head, columns=columns, rows=rows)


def text(table: Table) -> str:
    """The table as its file has it."""
    out = io.StringIO()
    out.writelines(f"# {key}: {value}\n" for key, value in table.head.items())
    csv.writer(out, lineterminator="\n").writerows([table.columns, *table.rows])
    return out.getvalue()
