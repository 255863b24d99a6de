"""The log of calls, which tests read."""

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.aws.wire import Call, Document

KEPT = 100_000


@dataclass
class Entry:
    """A request, and what came of it."""

    service: str
    operation: str
    region: str
    by: str
    """`ekiben` or `moto`."""

    status: int = 0
    error: str = ""
    """Code and message of what AWS would answer as an error."""

    fault: str = ""
    """Why the fake itself failed: a mistake in it, or a call that it does not know."""

    throttled: bool = False
    given: Document | None = None
    """The input, of calls that we answer."""

    number: int = 0

    @classmethod
    def of(cls, call: Call, by: str) -> "Entry":
        return cls(call.service, call.operation, call.region, by)

    @classmethod
    def unknown(cls, path: str) -> "Entry":
        return cls("", path, "", "moto")


@dataclass
class Log:
    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, entry: Entry) -> None:
        entry.number = next(self._numbers)
        self.entries.append(entry)

    def as_data(self, since: int = 0) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in [*self.entries] if entry.number > since]
