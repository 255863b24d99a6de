"""A version that cannot serve is refused with its reason, and the one before it serves on.

All tests share a model that serves `first`, and none of them gets it to serve anything else.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.project import Project
from tests.e2e.registry import catalogue
from tests.e2e.team import Team
from tests.e2e.traffic import steady

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
PATH = "/broken/model/answer"
REPLICAS = 2


@pytest.fixture(scope="module")
def serving(platform: Project) -> Iterator[Team]:
    """A team whose model serves `first` from two replicas."""
    made = Team(platform, "broken")
    well(made)
    made.up().well()
    replicas = f"--for=jsonpath={{.status.readyReplicas}}={REPLICAS}"
    made.kubectl("wait", "deployment/model-stable", replicas, "--timeout=60s").well()
    yield made
    made.remove()


@pytest.fixture(autouse=True)
def _nobody_notices(serving: Team) -> Iterator[None]:  # noqa: ARG001
    """Whatever happens in a test, each request is answered by the version that is well."""
    with steady(PATH) as seen:
        yield
        time.sleep(1)
    assert set(seen) == {"first"}
    assert seen.total() > 10


def well(team: Team, **spec: Any) -> None:
    team.small("model", **{"scaling": {"min_replicas": REPLICAS}, **spec})


def deployment(team: Team) -> Any:
    return team.sees("deployment", "model-stable")["spec"]


def refused(team: Team) -> str:
    """What `ekiben up` says; afterwards the old version is at full capacity."""
    said = team.up().refused()
    pods = team.sees("pods", "--selector=app.kubernetes.io/name=model")["items"]
    ready = [
        pod["metadata"]["labels"]["ekiben.dev/version"]
        for pod in pods
        for condition in pod["status"].get("conditions", [])
        if condition["type"] == "Ready" and condition["status"] == "True"
    ]
    assert len(ready) == REPLICAS
    assert len(set(ready)) == 1
    assert team.planned("model")["version"] not in ready
    return said


def test_one_that_crashes_at_import_is_never_deployed(serving: Team) -> None:
    before, images = deployment(serving), catalogue()
    well(serving, answer="second", top="import torch_that_is_not_there")
    said = refused(serving)
    assert "No module named 'torch_that_is_not_there'" in said
    assert "models/model/service.py" in said or 'service.py", line' in said
    assert "add its package to requirements.txt" in said
    assert (deployment(serving), catalogue()) == (before, images)


def test_one_whose_requirements_contradict_each_other_is_never_deployed(serving: Team) -> None:
    before, images = deployment(serving), catalogue()
    well(serving, answer="second")
    folder = serving.folder("model")
    (folder / "requirements.lock").unlink()
    (folder / "requirements.txt").write_text("bentoml>=1.4.40\nbentoml<1.4\n")
    said = refused(serving)
    assert "the requirements could not be installed" in said
    assert "bentoml<1.4" in said
    assert (deployment(serving), catalogue()) == (before, images)


def test_one_that_never_becomes_ready_is_given_up_at_its_deadline(serving: Team) -> None:
    well(serving, env={"ANSWER": "second", "READY": "no"}, update={"deadline": "20s"})
    began = time.monotonic()
    said = refused(serving)
    assert time.monotonic() - began < 60
    assert "the deadline of 20 s" in said
    assert "readiness probe" in said
    assert "last log lines of container model" in said
    assert f"keeps serving {REPLICAS} of {REPLICAS} replicas" in said


def test_one_that_crashes_soon_after_it_is_ready_gets_no_request(serving: Team) -> None:
    update = {"min_ready": "12s", "deadline": "30s"}
    well(serving, env={"ANSWER": "second", "CRASH_AFTER": "6"}, update=update)
    said = refused(serving)
    assert "giving up: the small model has had enough" in said
    assert f"keeps serving {REPLICAS} of {REPLICAS} replicas" in said


@pytest.mark.long
def test_one_that_starts_too_slowly_is_told_its_time(serving: Team) -> None:
    well(serving, env={"ANSWER": "second", "START_SECONDS": "300"}, update={"deadline": "15s"})
    said = refused(serving)
    assert "the deadline of 15 s" in said
