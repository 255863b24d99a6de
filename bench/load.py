"""A steady open-loop load: requests leave at fixed times, whether or not earlier ones are answered.

Kept-alive connections and fresh ones are mixed. Every request that is not answered with 200 is a
failure and is written down with its time and reason; nothing is sent twice.
"""

import asyncio
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

FRESH_SHARE = 4
"""Every fourth request opens a connection of its own and closes it afterwards."""

PATIENCE = 10.0
"""Seconds after which an answer counts as missing."""

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Outcome:
    """What became of the requests sent so far; times are seconds since the load began."""

    sent: int = 0
    answered: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    latest_start: float = 0.0
    """How late the latest request left: the sender's own shortcoming."""

    def figures(self) -> dict[str, Any]:
        ordered = sorted(self.latencies) or [0.0]
        quantiles = {
            f"p{share}": round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)] * 1e3, 1)
            for share in (50, 95, 99)
        }
        return {
            "sent": self.sent,
            "answered": self.answered,
            "failed": len(self.failures),
            "reasons": dict(Counter(failure["reason"] for failure in self.failures)),
            "first_failures": self.failures[:20],
            "latency_ms": {**quantiles, "max": round(ordered[-1] * 1e3, 1)},
            "latest_start_ms": round(self.latest_start * 1e3, 1),
        }


class Load:
    """A load on one path, sent from a thread of its own until `stop`."""

    def __init__(self, host: str, port: int, path: str, body: bytes, rate: float) -> None:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: %s\r\n\r\n"
        )
        self._host, self._port, self._rate = host, port, rate
        self._kept = (head % "keep-alive").encode() + body
        self._fresh = (head % "close").encode() + body
        self._idle: deque[_Connection] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.outcome = Outcome()
        self.began = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> Outcome:
        """Sends no more and waits for the answers that are due."""
        self._stopping.set()
        self._thread.join()
        return self.outcome

    def seconds(self) -> float:
        return time.monotonic() - self.began

    async def _run(self) -> None:
        self.began = time.monotonic()
        tasks: set[asyncio.Task[None]] = set()
        while not self._stopping.is_set():
            due = self.began + self.outcome.sent / self._rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late = time.monotonic() - due
            self.outcome.latest_start = max(self.outcome.latest_start, late)
            task = asyncio.create_task(self._request(self.outcome.sent))
            self.outcome.sent += 1
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        while self._idle:
            self._idle.pop()[1].close()

    async def _request(self, number: int) -> None:
        kept = number % FRESH_SHARE != 0
        started = time.monotonic()
        try:
            status = await asyncio.wait_for(self._exchange(kept), PATIENCE)
            reason = None if status == 200 else f"HTTP {status}"
        except TimeoutError:
            reason = f"no answer in {PATIENCE:.0f} s"
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - started
        if reason is None:
            self.outcome.answered += 1
            self.outcome.latencies.append(seconds)
            return
        self.outcome.failures.append(
            {
                "at_seconds": round(started - self.began, 2),
                "after_seconds": round(seconds, 2),
                "connection": "kept alive" if kept else "fresh",
                "reason": reason,
            }
        )

    async def _exchange(self, kept: bool) -> int:
        connection = self._idle.pop() if kept and self._idle else None
        reader, writer = connection or await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(self._kept if kept else self._fresh)
            status, goes_on = await _answer(reader)
        except BaseException:
            writer.close()
            raise
        if kept and goes_on:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return status


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status of one whole answer, and whether its connection may be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while (size := int(await reader.readline(), 16)) > 0:
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        await reader.readexactly(int(headers.get("content-length", "0")))
    return int(head[0].split()[1]), headers.get("connection", "").lower() != "close"
