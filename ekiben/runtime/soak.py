"""Soak: a version that has never served stays unready until it has been well for a while.

A version that crashes half a minute after its start would otherwise get requests in that half
minute, and a rolling update would trade good replicas for it. Versions in the record have served
before and skip the wait, and so does a model's first version: there is nothing better to wait for.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .answer import answer


class Soak:
    """ASGI middleware: holds `path` (readiness) at 503 until it could have said 200 for `seconds`.

    Once it has let one 200 through it never holds again. All other paths pass untouched.
    """

    def __init__(
        self,
        app: Any,
        *,
        path: str,
        version: str,
        seconds: float,
        record: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self.path = path
        self.version = version
        self.seconds = seconds
        self.record = record
        self.clock = clock
        self.well_since: float | None = None
        self.passed = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.passed or scope.get("path") != self.path:
            if scope["type"] == "lifespan":
                send = self._watch_start(send)
            await self.app(scope, receive, send)
            return

        messages: list[Any] = []

        async def keep(message: Any) -> None:
            messages.append(message)

        await self.app(scope, receive, keep)
        held = self._held(messages[0]["status"]) if messages else ""
        if held:
            await answer(send, 503, held)
        else:
            for message in messages:
                await send(message)

    def _watch_start(self, send: Any) -> Any:
        """Counts from the end of start-up: several workers of a pod are then through together."""

        async def watching(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                self.well_since = self.clock()
            await send(message)

        return watching

    def _held(self, status: int) -> str:
        """Why readiness is held back; empty where the service's own answer stands."""
        now = self.clock()
        if status != 200:
            self.well_since = None
            return ""
        self.well_since = now if self.well_since is None else self.well_since
        well = now - self.well_since
        if well >= self.seconds or not soaks(self.record, self.version):
            self.passed = True
            return ""
        return f"soaking version {self.version}: well for {int(well)} s of {self.seconds:.0f} s"


def soaks(record: Path, version: str) -> bool:
    """Whether the record names versions, but not this one. Hidden files are how mounts are kept."""
    try:
        known = {entry.name for entry in record.iterdir() if not entry.name.startswith(".")}
    except OSError:
        return False
    return bool(known) and version not in known
