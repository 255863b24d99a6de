"""Following an update over HTTP: through restarts and refusals of the API server, to its end."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ekiben import rollout
from ekiben.rollout import RolloutCancelled, RolloutError, Target
from ekiben.rollout.record import Record
from tests.rollout.situations import (
    IMAGE,
    NEW,
    OLD,
    deployment,
    ended,
    event,
    pod,
    replica_set,
    running,
    waiting,
)
from tests.rollout.small_api import World, refusal, serving

SUPERVISOR = "RuntimeError: No active process found for watcher."
STAMP = {"app.kubernetes.io/managed-by": "ekiben", "ekiben.dev/stack": "local"}
FULL: dict[str, Any] = {
    "replicas": 1,
    "updatedReplicas": 1,
    "readyReplicas": 1,
    "availableReplicas": 1,
}


@pytest.fixture
def world() -> Iterator[World]:
    """An update that has just begun: one old replica serves, one new is being created."""
    begun = deployment(replicas=2, updatedReplicas=1, availableReplicas=1)
    world = World(
        deployment=begun,
        replica_sets=[replica_set(), replica_set(OLD, revision=1)],
        pods=[
            pod("a", containers=[waiting("ContainerCreating")]),
            pod("old", version=OLD, revision=1, ready=True),
        ],
    )
    with serving(world):
        yield world


def finish(world: World) -> None:
    """The cluster completes the update."""
    ready = pod("a", ready=True, containers=[running(ready=True)])
    done = deployment(**FULL)
    with world.lock:
        world.pods, world.deployment = [ready], done


def put(world: World, **container: Any) -> None:
    """The new pod's container is now in this state."""
    changed = pod("a", containers=[container], spec={"resources": {"limits": {"memory": "1Gi"}}})
    with world.lock:
        world.pods[0] = changed


class Following(threading.Thread):
    """A roll-out followed in a thread; `outcome` is its error, or None when it became ready."""

    def __init__(self, world: World, deadline: float = 20.0, poll: float = 0.05) -> None:
        super().__init__(daemon=True)
        self.world, self.poll = world, poll
        self.lines: list[str] = []
        self.cancelled = threading.Event()
        self.outcome: RolloutError | None = None
        self.target = Target(
            model="iris",
            namespace="vision",
            deployment="iris-stable",
            version=NEW,
            image=IMAGE,
            deadline_seconds=deadline,
            by="ada",
        )
        self.start()

    def run(self) -> None:
        try:
            with rollout.connect(self.world.kubeconfig()) as api:
                rollout.follow(
                    self.target,
                    progress=self.lines.append,
                    cancelled=self.cancelled,
                    api=api,
                    poll_seconds=self.poll,
                )
        except RolloutError as error:
            self.outcome = error

    def ends(self, within: float = 15.0) -> RolloutError | None:
        """Its outcome, which has to come within so many seconds."""
        self.join(within)
        assert not self.is_alive(), f"still following after {within} s: {self.lines[-1:]}"
        return self.outcome

    def fails(self, within: float = 15.0) -> str:
        """The text of its error."""
        outcome = self.ends(within)
        assert outcome is not None
        return str(outcome)

    def until(self, words: str) -> None:
        """Wait for a line of progress with these words."""
        limit = time.monotonic() + 10
        while not any(words in line for line in self.lines):
            assert self.is_alive(), self.outcome
            assert time.monotonic() < limit, self.lines
            time.sleep(0.01)


def test_an_update_is_followed_to_its_end_and_recorded(world: World) -> None:
    following = Following(world)
    following.until("being created")
    finish(world)
    assert following.ends() is None
    assert following.lines[-1] == "1 of 1 replicas ready"
    entry = world.record()[NEW]
    assert (entry["image"], entry["by"]) == (IMAGE, "ada")
    assert entry["readyAt"].endswith("Z")
    assert world.config_maps["iris-versions"]["metadata"]["labels"] == STAMP


def test_a_version_is_proven_when_its_first_replica_is_ready(world: World) -> None:
    following = Following(world)
    following.until("being created")
    put(world, **running())
    world.pods.append(pod("b", ready=True, containers=[running(ready=True)]))
    following.until("1 of 1 replicas ready")
    assert world.record()[NEW]["readyAt"] is None
    finish(world)
    assert following.ends() is None


def test_a_crash_ends_it_at_once_with_the_log_lines_of_the_crashed_instance(world: World) -> None:
    world.logs["a", True] = "\n".join(f"line {n}" for n in range(30))
    world.logs["a", False] = "starting again"
    following = Following(world)
    following.until("being created")
    put(world, **running(restarts=2, lastState=ended(1)))
    text = following.fails(within=5)
    assert "container model exited with code 1 after 5 s, 2 restarts" in text
    assert "    line 29\n" in text
    assert "line 9\n" not in text
    assert "starting again" not in text
    assert f"The old version {OLD} keeps serving 1 of 1 replicas." in text


def test_last_words_are_not_buried_by_the_traceback_of_the_services_supervisor(
    world: World,
) -> None:
    trace = [f"  File {n}" for n in range(30)]
    said = ["out of ink", "Traceback (most recent call last):", *trace, SUPERVISOR]
    world.logs["a", True] = "\n".join(said)
    following = Following(world)
    put(world, **running(restarts=2, lastState=ended(1, text=SUPERVISOR)))
    text = following.fails(within=5)
    assert "    out of ink\n" in text
    assert "Traceback" not in text
    assert SUPERVISOR not in text


def test_logs_of_the_running_instance_stand_in_for_ones_that_are_gone(world: World) -> None:
    world.logs["a", False] = "the only log there is"
    world.logs["a", True] = "unable to retrieve container logs for containerd://424c"
    following = Following(world)
    put(world, **running(restarts=2, lastState=ended(1)))
    assert "the only log there is" in following.fails(within=5)


def test_what_the_events_tell_is_known_before_a_failure_is_believed(world: World) -> None:
    following = Following(world, poll=0.5)
    # Every third reading looks at the events: this is between the second and the third.
    while len(following.lines) < 2:
        time.sleep(0.01)
    with world.lock:
        put(world, **running(restarts=2, started=False, lastState=ended(137, ran=31)))
        world.events = [event("Killing", "Container model failed startup probe, will be restarted")]
    assert "startup probe: container model was stopped by its startup probe after 31 s" in (
        following.fails(within=5)
    )


def test_a_failed_version_is_not_left_proven(world: World) -> None:
    world.pods.append(pod("b", ready=True, containers=[running(ready=True)]))
    following = Following(world)
    following.until("1 of 1 replicas ready")
    assert NEW in world.record()
    world.pods.pop()
    put(world, **running(restarts=2, lastState=ended(1)))
    assert "crash" in following.fails(within=5)
    assert world.record() == {}


def test_a_version_that_was_complete_before_stays_in_the_record(world: World) -> None:
    complete = json.dumps({"version": NEW, "readyAt": "2026-01-01T00:00:00Z"})
    made = {"name": "iris-versions", "labels": STAMP, "resourceVersion": "7"}
    world.config_maps["iris-versions"] = {"metadata": made, "data": {NEW: complete}}
    world.pods.append(pod("b", ready=True, containers=[running(ready=True)]))
    put(world, **running(restarts=2, lastState=ended(1)))
    assert "crash" in Following(world).fails(within=5)
    assert world.record() == {NEW: json.loads(complete)}


def test_the_deadline_ends_a_start_that_takes_too_long(world: World) -> None:
    text = Following(world, deadline=0.5).fails(within=5)
    assert "0 of 1 replicas ready after" in text
    assert "still starting: no failure was seen" in text


@pytest.mark.parametrize(
    "fault",
    [
        refusal(429, "too many requests", Retry_After="0"),
        refusal(500, "etcd is electing a leader"),
        refusal(503, "starting"),
        refusal(403, "RBAC: clusterrole not found"),
        (502, {"Content-Type": "text/html"}, b"<html>"),
        (502, {}, b""),
    ],
    ids=["429", "500", "503", "403 for a moment", "502 of a proxy", "502 without a type"],
)
def test_a_refusal_that_passes_is_waited_out(world: World, fault: Any) -> None:
    following = Following(world)
    following.until("being created")
    with world.lock:
        world.faults = [fault, fault]
        finish(world)
    assert following.ends() is None
    assert any("the API server does not answer" in line for line in following.lines)


def test_a_restart_of_the_api_server_is_waited_out(world: World) -> None:
    gone = World(**{**vars(world), "lock": world.lock})
    with serving(gone) as server:
        port = server.server_address[1]
        following = Following(gone)
        following.until("being created")
    following.until("the API server does not answer")
    finish(gone)
    with serving(gone, port):
        assert following.ends() is None


def test_an_api_server_that_stays_away_is_an_error_at_the_deadline(world: World) -> None:
    gone = World(**{**vars(world), "lock": world.lock})
    with serving(gone):
        following = Following(gone, deadline=2.0)
        following.until("being created")
    text = following.fails(within=6)
    assert "lost sight of version" in text
    assert "has not answered for" in text


def test_expired_credentials_are_an_error_at_once(world: World) -> None:
    following = Following(world)
    following.until("being created")
    with world.lock:
        world.faults = [refusal(401, "Unauthorized")] * 9
    assert "does not accept the credentials (Unauthorized)" in following.fails(within=1)


def test_a_deployment_that_does_not_appear_is_an_error(world: World) -> None:
    world.deployment = None
    text = Following(world, deadline=0.5).fails(within=5)
    assert "there is no Deployment iris-stable in namespace vision" in text


def test_a_deployment_that_another_version_took_over_is_an_error(world: World) -> None:
    world.deployment = deployment(version=OLD)
    text = Following(world, deadline=0.5).fails(within=5)
    assert f"carries version {OLD}, not {NEW}" in text


def test_an_old_replica_that_is_ready_is_not_taken_for_a_new_one(world: World) -> None:
    following = Following(world)
    following.until("0 of 1 replicas ready, 1 being created")
    following.cancelled.set()
    assert isinstance(following.ends(), RolloutCancelled)
    assert "iris-versions" not in world.config_maps


def test_a_record_that_others_made_is_refused(world: World) -> None:
    world.config_maps["iris-versions"] = {"metadata": {"name": "iris-versions"}}
    text = Following(world).fails(within=5)
    assert "exists and was not made by Ekiben" in text


def test_records_written_at_the_same_time_lose_no_version(world: World) -> None:
    versions = [f"{n:08x}" for n in range(8)]
    errors: list[Exception] = []

    def write(version: str) -> None:
        target = Target(
            model="iris",
            namespace="vision",
            deployment="iris-stable",
            version=version,
            image=IMAGE,
            deadline_seconds=9,
        )
        with rollout.connect(world.kubeconfig()) as api:
            record = Record(api=api, target=target, cancelled=threading.Event())
            try:
                record.prove(STAMP)
                record.complete(STAMP)
            except RolloutError as error:
                errors.append(error)

    threads = [threading.Thread(target=write, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(world.record()) == versions
    assert all(entry["readyAt"] for entry in world.record().values())


WRONG_KUBECONFIGS = {
    "no such file": "/nonexistent/kubeconfig",
    "not YAML": "a: [\n",
    "not a mapping": "- a\n- b\n",
    "without users": '{"clusters": [], "contexts": []}',
}


@pytest.mark.parametrize("text", WRONG_KUBECONFIGS.values(), ids=WRONG_KUBECONFIGS.keys())
def test_a_wrong_kubeconfig_is_told_as_such(text: str) -> None:
    with pytest.raises(RolloutError, match=r"cannot use .*kubeconfig"):
        rollout.connect(text).__enter__()


def test_a_context_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(RolloutError, match="context prod"):
        rollout.connect(world.kubeconfig(), "prod").__enter__()
