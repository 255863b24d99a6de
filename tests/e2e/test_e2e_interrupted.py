"""Runs that are killed, that meet each other, or whose API server goes away."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from local.cluster import identity
from tests.cluster.hosts import family
from tests.e2e.project import LAYOUT
from tests.e2e.team import Team

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def until(happens: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def locks(team: Team) -> list[Path]:
    return list((LAYOUT.state / ".pulumi" / "locks").glob(f"**/{team.name}/*.json"))


def state(team: Team) -> str:
    file = team.project.state_file(team.name)
    return file.read_text() if file.exists() else ""


def versions(team: Team) -> list[str]:
    """Of all pods of the model that are there."""
    pods = team.sees("pods", "--selector=app.kubernetes.io/name=model")["items"]
    return [pod["metadata"]["labels"]["ekiben.dev/version"] for pod in pods]


def is_placed(team: Team) -> bool:
    return team.planned("model")["version"] in versions(team)


def assert_whole(team: Team) -> None:
    """Each resource once, nothing pending, nothing to do, and the current version serves."""
    urns = [resource["urn"] for resource in team.project.resources(team.name)]
    assert len(urns) == len(set(urns))
    exported = json.loads(team.pulumi("stack", "export").well().out)
    assert not exported["deployment"].get("pending_operations")
    team.pulumi("preview", "--expect-no-changes", "--refresh").well()
    until(lambda: versions(team) == [team.planned("model")["version"]])


def test_an_up_killed_at_any_stage_is_taken_up_by_the_next(team: Team) -> None:
    team.small("model", answer=f"built at {time.time()}")
    stages: dict[str, Callable[[], object]] = {
        "the state is locked": lambda: locks(team),
        "the image is pushed": lambda: "ekiben:index:Image" in state(team),
        "pods are placed": lambda: is_placed(team),
    }
    for stage, reached in stages.items():
        with team.running("up", "--yes", "--clear-stale-lock") as process:
            until(reached, 120)
            assert process.poll() is None, f"it ended before {stage}"
            process.kill()
    said = team.up("--clear-stale-lock").well().text
    assert "pending operations" not in said
    assert_whole(team)


def test_the_lock_of_a_dead_run_is_named_and_cleared_only_if_asked(team: Team) -> None:
    team.small("model")
    with team.running("up", "--yes") as process:
        until(lambda: locks(team))
        process.kill()
    (lock,) = locks(team)
    pid = json.loads(lock.read_text())["pid"]
    until(lambda: not psutil.pid_exists(pid))
    said = team.up().refused()
    assert f"locked by pid {pid} of " in said
    assert "--clear-stale-lock" in said
    assert locks(team) == [lock]
    said = team.up("--clear-stale-lock").well().text
    assert f"cleared the lock of a run that is gone (pid {pid} of " in said


def test_of_two_runs_at_once_one_proceeds_and_the_other_names_it(team: Team) -> None:
    team.small("model")
    with team.running("up", "--yes") as first:
        until(lambda: locks(team))
        (lock,) = locks(team)
        pid = json.loads(lock.read_text())["pid"]
        began = time.monotonic()
        said = team.up("--clear-stale-lock").refused()
        assert time.monotonic() - began < 30
        assert f"locked by pid {pid} of " in said
        assert first.poll() is None
        assert locks(team) == [lock]
        assert first.wait(200) == 0
    assert locks(team) == []


def test_two_runs_started_together_leave_one(team: Team) -> None:
    with team.running("up", "--yes") as one, team.running("up", "--yes") as other:
        said = {run.communicate(timeout=120)[1]: run.returncode for run in (one, other)}
    codes = sorted(said.values())
    assert codes in ([0, 1], [0, 0])
    if codes == [0, 1]:
        loser = next(text for text, code in said.items() if code)
        assert re.search(rf"pid {one.pid}\b|pid {other.pid}\b|locked by", loser)


def test_an_api_server_that_restarts_meanwhile_is_waited_for(team: Team) -> None:
    team.small("model")
    node = identity.running(LAYOUT.pid_file)
    assert node
    with team.running("up", "--yes") as process:
        until(lambda: is_placed(team), 120)
        (server,) = [p for p in family(node.pid).values() if p.name() == "kube-apiserver"]
        server.kill()
        out, err = process.communicate(timeout=200)
    assert process.returncode == 0, out + err
    assert team.ask("model").text == "first"
