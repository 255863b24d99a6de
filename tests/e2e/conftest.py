"""A cluster with its gateway for all tests, small teams on it, and the shipped models for some.

With EKIBEN_KEEP_CLUSTER set, the cluster stays for the next run, which then begins in seconds.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.project import CLUSTER, Project, gateway, make, place_shipped_models
from tests.e2e.team import Team


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A fresh checkout after `make up`, on a cluster of its own that ends with the tests."""
    made = make(tmp_path_factory.mktemp("checkout"))
    try:
        up = made.ekiben("up", "--prepare", "--yes", "--clear-stale-lock", seconds=900)
        up.well()
        yield made.with_environment()
    finally:
        if "EKIBEN_KEEP_CLUSTER" not in os.environ:
            command = [sys.executable, "-m", "local", "down", "--cluster", CLUSTER]
            subprocess.run(command, check=True, timeout=120)


@pytest.fixture(scope="session")
def project(platform: Project) -> Project:
    """The same with the shipped models, which answer."""
    place_shipped_models(platform)
    platform.ekiben("up", "--yes", seconds=600).well()
    return platform


@pytest.fixture(scope="session")
def http(project: Project) -> Iterator[httpx.Client]:  # noqa: ARG001
    """A client of the gateway."""
    with gateway() as client:
        yield client


@pytest.fixture
def team(platform: Project, request: pytest.FixtureRequest) -> Iterator[Team]:
    """A team of its own on the cluster: a stack without models yet, gone after the test."""
    name = request.node.name.removeprefix("test_").replace("_", "-")
    made = Team(platform, "".join(c for c in name if c.isalnum() or c == "-")[:40].strip("-"))
    made.write()
    yield made
    made.remove()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that take the platform down come last."""
    items.sort(key=lambda item: item.path.name == "test_e2e_teardown.py")
