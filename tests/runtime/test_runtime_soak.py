"""A new version is held unready until it has been well for a while; others are not."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ekiben.runtime.soak import Soak

MIN_READY = 30.0


@dataclass
class Pod:
    """A service behind the middleware, with its own clock and its own health."""

    record: Path
    now: float = 1000.0
    status: int = 200
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = Soak(
            self._service,
            path="/readyz",
            version="new",
            seconds=MIN_READY,
            record=self.record,
            clock=lambda: self.now,
        )

    async def _service(self, scope: Any, receive: Any, send: Any) -> None:
        del receive
        if scope["type"] == "lifespan":
            await send({"type": "lifespan.startup.complete"})
            return
        self.seen.append(scope["path"])
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"own answer"})

    def start(self) -> None:
        asyncio.run(self.app({"type": "lifespan"}, _nothing, _ignore))

    def get(self, path: str = "/readyz", after: float = 0.0) -> httpx.Response:
        self.now += after
        return asyncio.run(self._get(path))

    async def _get(self, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://pod") as client:
            return await client.get(path)


async def _nothing() -> Any:
    return {"type": "lifespan.startup"}


async def _ignore(message: Any) -> None:
    del message


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A record that knows another version, laid out as Kubernetes mounts it."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "old").write_text("{}")
    return tmp_path


def test_a_new_version_is_unready_until_it_was_well_long_enough(record: Path) -> None:
    pod = Pod(record)
    pod.start()
    assert pod.get().status_code == 503
    assert pod.get(after=29.9).status_code == 503
    assert pod.get(after=0.2).status_code == 200


def test_the_held_answer_says_how_long_it_takes(record: Path) -> None:
    pod = Pod(record)
    pod.start()
    assert pod.get(after=12).json() == {"detail": "soaking version new: well for 12 s of 30 s"}


def test_time_counts_from_the_first_good_answer_where_start_up_was_not_seen(record: Path) -> None:
    pod = Pod(record)
    assert pod.get().status_code == 503
    assert pod.get(after=MIN_READY).status_code == 200


def test_a_relapse_starts_the_wait_anew_and_shows_the_service_s_own_answer(record: Path) -> None:
    pod = Pod(record)
    pod.start()
    pod.get(after=29)
    pod.status = 500
    relapse = pod.get()
    assert (relapse.status_code, relapse.text) == (500, "own answer")
    pod.status = 200
    assert pod.get(after=5).status_code == 503
    assert pod.get(after=29.9).status_code == 503
    assert pod.get(after=0.1).status_code == 200


def test_once_through_it_never_holds_again(record: Path) -> None:
    pod = Pod(record)
    pod.start()
    assert pod.get(after=MIN_READY).status_code == 200
    pod.status = 500
    assert pod.get().status_code == 500
    pod.status = 200
    assert pod.get().status_code == 200


def test_a_version_in_the_record_is_ready_at_once(record: Path) -> None:
    (record / "new").write_text("{}")
    pod = Pod(record)
    pod.start()
    assert pod.get().text == "own answer"


def test_the_record_may_name_the_version_while_it_waits(record: Path) -> None:
    pod = Pod(record)
    pod.start()
    assert pod.get(after=1).status_code == 503
    (record / "new").write_text("{}")
    assert pod.get(after=1).status_code == 200


@pytest.mark.parametrize("layout", ["absent", "empty"])
def test_a_first_deployment_does_not_wait(tmp_path: Path, layout: str) -> None:
    record = tmp_path / "versions"
    if layout == "empty":
        (record / "..data").mkdir(parents=True)
    pod = Pod(record)
    pod.start()
    assert pod.get().status_code == 200


def test_a_record_that_appears_later_takes_no_readiness_back(tmp_path: Path) -> None:
    pod = Pod(tmp_path / "versions")
    pod.start()
    assert pod.get().status_code == 200
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "old").write_text("{}")
    assert pod.get(after=1).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/predict", "/readyz/more", "/"])
def test_everything_but_readiness_passes_while_it_waits(record: Path, path: str) -> None:
    pod = Pod(record)
    pod.start()
    assert pod.get(path).text == "own answer"
    assert pod.get().status_code == 503
