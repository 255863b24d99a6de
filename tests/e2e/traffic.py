"""Steady requests to a model while something happens to it."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.e2e.project import gateway

_PAUSE = 0.05


@contextmanager
def steady(path: str) -> Iterator[Counter[str]]:
    """Asks some twenty times a second; counts what was answered, or what went wrong instead."""
    seen: Counter[str] = Counter()
    enough = threading.Event()
    asking = threading.Thread(target=_ask, args=(path, seen, enough))
    asking.start()
    try:
        yield seen
    finally:
        enough.set()
        asking.join()


def _ask(path: str, seen: Counter[str], enough: threading.Event) -> None:
    with gateway() as client:
        while not enough.wait(_PAUSE):
            try:
                answer = client.post(path, json={})
            except httpx.HTTPError as error:
                seen[repr(error)] += 1
            else:
                seen[answer.text if answer.is_success else f"HTTP {answer.status_code}"] += 1
