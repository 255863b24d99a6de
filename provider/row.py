"""Live progress in the resource's own row of the engine's display."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

# A line in which only numbers moved is sent this often: it shows that work goes on.
HEARTBEAT_SECONDS = 5.0
_NUMBERS = re.compile(r"\d+")


def is_news(line: str, before: str, seconds_since: float) -> bool:
    """Whether a line is worth sending: other words than before, or a while has passed."""
    if _NUMBERS.sub("", line) != _NUMBERS.sub("", before):
        return True
    return line != before and seconds_since >= HEARTBEAT_SECONDS


@dataclass(frozen=True)
class Display:
    """The engine's display, through its log service."""

    engine: engine_pb2_grpc.EngineStub

    @classmethod
    def of(cls, address: str) -> "Display":
        """The display of the engine at that address."""
        return cls(engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)))

    def row(self, urn: str) -> Callable[[str], None]:
        """What sets the status text of one resource's row; safe from any thread."""
        before, sent = "", 0.0

        def show(line: str) -> None:
            nonlocal before, sent
            flat = " ".join(line.split())
            now = time.monotonic()
            if is_news(flat, before, now - sent):
                before, sent = flat, now
                self._log(urn, flat)

        return show

    def _log(self, urn: str, line: str) -> None:
        request = engine_pb2.LogRequest(
            severity=engine_pb2.INFO, message=line, urn=urn, ephemeral=True
        )
        try:
            self.engine.Log(request, timeout=5.0)
        except grpc.RpcError:
            # A line that nobody sees must not end the work that it tells of.
            return
