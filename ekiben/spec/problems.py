"""What is wrong with the files people wrote: one record a problem, all of them shown at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

MOST = 100
"""Problems that are told at once: more than anybody reads, and few enough to find advice for."""


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """A position in a file; `line` and `column` count from 1, 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One mistake: where, under which key, what was found and what to write instead."""

    place: Place
    key: str = ""
    message: str

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{self.place}: {key}{self.message}"


class SpecError(Exception):
    """Every problem of a stack and its models; its text is the whole list, sorted by place.

    Beyond `MOST` of them the rest is left out.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = sorted(set(problems))
        self.problems = found[:MOST]
        lines = [str(problem) for problem in self.problems]
        if len(found) > MOST:
            lines.append(f"More than {MOST} problems; the rest is shown once these are solved.")
        super().__init__("\n".join(lines))


def nearest(given: str, known: Iterable[str]) -> str:
    """Advice naming the most similar known word, or listing the known ones when none is similar."""
    names = sorted(known)
    close = get_close_matches(given, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if not names:
        return "none is known here"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"expected one of: {shown}"


def shown(value: object, spell: Callable[[object], str] = repr, limit: int = 60) -> str:
    """A value as it appears in a message: as it is written in YAML or nearly so, shortened.

    `ascii` as `spell` tells look-alikes apart.
    """
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else spell(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
