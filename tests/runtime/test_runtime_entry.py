"""The entry opens the right service of a module and guards it."""

import asyncio
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ekiben.runtime.entry import guard, open_service
from ekiben.runtime.pickles import RefusePickles
from ekiben.runtime.soak import Soak

ONE = """
import bentoml

@bentoml.service
class Only:
    pass

same = Only
"""
CHAIN = """
import bentoml

@bentoml.service
class Inner:
    pass

@bentoml.service
class Outer:
    inner = bentoml.depends(Inner)
"""
TWO = """
import bentoml

@bentoml.service
class A:
    pass

@bentoml.service
class B:
    pass
"""


@pytest.fixture
def module(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A module named after the test, with the text it was parametrised with."""
    name = f"entry_{abs(hash(request.node.nodeid))}"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(request.param))
    sys.path.insert(0, str(tmp_path))
    yield name
    sys.path.remove(str(tmp_path))
    sys.modules.pop(name, None)


def middleware(service: Any) -> list[type]:
    return [kind for kind, _ in service.middlewares]


@pytest.mark.parametrize("module", [ONE], indirect=True, ids=["one"])
def test_the_only_service_is_the_entry_whatever_its_names(module: str) -> None:
    service = open_service(module)
    assert service.name == "Only"
    assert middleware(service) == [RefusePickles]


@pytest.mark.parametrize("module", [CHAIN], indirect=True, ids=["chain"])
def test_a_service_that_another_depends_on_is_not_the_entry_and_stays_as_it_is(module: str) -> None:
    service = open_service(module)
    assert service.name == "Outer"
    # Services of one Bento talk to each other in pickles.
    assert middleware(service.dependencies["inner"].on) == []


@pytest.mark.parametrize("module", [TWO], indirect=True, ids=["two"])
def test_two_candidates_are_refused_by_name_until_one_is_named(module: str) -> None:
    with pytest.raises(ValueError, match=r"services there: A, B.*bentofile\.yaml"):
        open_service(module)
    assert open_service(f"{module}:B").name == "B"


@pytest.mark.parametrize("module", [ONE], indirect=True, ids=["one"])
def test_a_name_that_is_no_service_is_refused_with_those_there_are(module: str) -> None:
    with pytest.raises(ValueError, match="Onlyy is not a BentoML service: services there: Only"):
        open_service(f"{module}:Onlyy")


class Service:
    path_prefix = ""

    def __init__(self) -> None:
        self.added: list[tuple[type, dict[str, Any]]] = []

    def add_asgi_middleware(self, kind: type, **options: Any) -> None:
        self.added.append((kind, options))


@pytest.mark.parametrize(
    ("environ", "soaks"),
    [
        ({}, False),
        ({"EKIBEN_VERSION": "3f2a9c1b"}, False),
        ({"EKIBEN_MIN_READY": "30"}, False),
        ({"EKIBEN_VERSION": "3f2a9c1b", "EKIBEN_MIN_READY": "0"}, False),
        ({"EKIBEN_VERSION": "3f2a9c1b", "EKIBEN_MIN_READY": "30"}, True),
    ],
)
def test_only_a_pod_that_names_version_and_time_soaks(environ: dict[str, str], soaks: bool) -> None:
    service = Service()
    guard(service, environ)
    assert [kind for kind, _ in service.added] == [RefusePickles, *([Soak] if soaks else [])]


def test_the_readiness_path_follows_the_service_s_prefix() -> None:
    service = Service()
    service.path_prefix = "/v1"
    guard(service, {"EKIBEN_VERSION": "3f2a9c1b", "EKIBEN_MIN_READY": "30"})
    assert service.added[1][1]["path"] == "/v1/readyz"


async def call(kind: str | None) -> int:
    async def service(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(app=RefusePickles(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://pod") as client:
        headers = {"content-type": kind} if kind else {}
        return (await client.post("/predict", content=b"x", headers=headers)).status_code


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/vnd.bentoml+pickle", 415),
        ("Application/VND.bentoml+Pickle; charset=x", 415),
        ("application/json", 200),
        (None, 200),
    ],
)
def test_pickled_bodies_are_refused(kind: str | None, status: int) -> None:
    assert asyncio.run(call(kind)) == status
