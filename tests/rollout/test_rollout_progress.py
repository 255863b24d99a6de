"""How far an update is, in words, and when it is done."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.rollout.cause import span
from ekiben.rollout.progress import is_done, line
from ekiben.rollout.replicas import Word, word
from ekiben.rollout.snapshot import Snapshot, View, view
from tests.rollout.situations import (
    NEW,
    NOW,
    OLD,
    deployment,
    ended,
    event,
    pod,
    replica_set,
    running,
    waiting,
)


def seen(*pods: Any, events: Any = (), **of_deployment: Any) -> View:
    """A reading of a Deployment with these pods."""
    sets = (replica_set(), replica_set(OLD, revision=1))
    return view(
        Snapshot(
            deployment=deployment(**of_deployment), replica_sets=sets, pods=pods, events=events
        ),
        NEW,
    )


def ready(name: str, **more: Any) -> Any:
    return pod(name, ready=True, containers=[running(ready=True)], **more)


def old(name: str) -> Any:
    return ready(name, version=OLD, revision=1)


LINES = {
    "2 of 3 replicas ready, 1 starting (12 s)": seen(
        ready("a"), ready("b"), pod("c", containers=[running(seconds=12)]), wanted=3
    ),
    "0 of 2 replicas ready, 1 being created (12 s); 0a1b2c3d still serves with 2": seen(
        pod(containers=[waiting("ContainerCreating")]), old("x"), old("y"), wanted=2
    ),
    "0 of 1 replicas ready, 1 pulling the image (2 min 5 s)": seen(
        pod(containers=[waiting("ContainerCreating")], age=125),
        events=[event("Scheduled", ""), event("Pulling", "Pulling image", age=0)],
    ),
    "0 of 1 replicas ready, 1 failing to pull the image (12 s)": seen(
        pod(containers=[waiting("ImagePullBackOff")])
    ),
    "0 of 1 replicas ready, 1 crashed (12 s)": seen(
        pod(containers=[waiting("CrashLoopBackOff", restarts=1, lastState=ended())])
    ),
    "0 of 1 replicas ready, 1 out of memory (12 s)": seen(
        pod(containers=[running(restarts=1, lastState=ended(137, reason="OOMKilled"))])
    ),
    "0 of 1 replicas ready, 1 waiting for a node (1 h): 0/1 nodes are available": seen(
        pod(node="", phase="Pending", age=3600, scheduler="0/1 nodes are available")
    ),
    "1 of 1 replicas ready, 1 in the minimum ready time": seen(
        ready("a"), updatedReplicas=1, readyReplicas=1
    ),
    "1 of 1 replicas ready": seen(ready("a"), updatedReplicas=1, availableReplicas=1),
    "scaled to zero, nothing to wait for": seen(wanted=0),
    "waiting for the cluster to take up the new version": seen(ready("a"), seen=1),
}


@pytest.mark.parametrize(("expected", "reading"), LINES.items(), ids=LINES.keys())
def test_progress_is_told_in_a_line(expected: str, reading: View) -> None:
    assert line(reading, NOW) == expected


WORDS = {
    Word.READY: ready("a"),
    Word.READY_OUT_OF_DATE: old("a"),
    Word.NOT_READY: pod(containers=[running()]),
    Word.PENDING: pod(node="", phase="Pending", age=899),
    Word.STALLED: pod(node="", phase="Pending", age=901),
    Word.CREATING: pod(containers=[waiting("ContainerCreating")]),
    Word.ERR_IMAGE_PULL: pod(containers=[waiting("ErrImagePull")]),
    Word.FAILED: pod(containers=[running(restarts=1, lastState=ended())]),
    Word.KILLED: pod(phase="Failed", reason="Evicted"),
    Word.KILLED_OOM: pod(containers=[running(restarts=1, lastState=ended(reason="OOMKilled"))]),
    Word.TERMINATING: ready("a", going=True),
    Word.UNKNOWN: pod(phase="Unknown", node=""),
}


@pytest.mark.parametrize(("expected", "replica"), WORDS.items(), ids=WORDS.keys())
def test_each_state_of_a_replica_has_cortex_word_for_it(expected: Word, replica: Any) -> None:
    assert word(replica, NEW, NOW) == expected


FULL = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
NOT_DONE = {
    "the controller has not seen it": {**FULL, "seen": 1},
    "another version is placed": {**FULL, "version": OLD},
    "an old replica is left": {**FULL, "replicas": 3},
    "a new replica is missing": {**FULL, "replicas": 1, "updatedReplicas": 1},
    "a new replica is not available": {**FULL, "availableReplicas": 1},
    "nothing has been made yet": {},
}


def test_an_update_is_done_when_only_the_new_version_is_left_and_available() -> None:
    assert is_done(seen(wanted=2, **FULL), least_wanted=2)


@pytest.mark.parametrize("state", NOT_DONE.values(), ids=NOT_DONE.keys())
def test_an_update_is_not_done_while(state: dict[str, Any]) -> None:
    assert not is_done(seen(wanted=2, **state), least_wanted=2)


def test_replicas_that_the_scaler_adds_meanwhile_are_not_waited_for() -> None:
    more = seen(wanted=9, replicas=9, updatedReplicas=9, availableReplicas=2)
    assert is_done(more, least_wanted=2)
    assert not is_done(more, least_wanted=3)


def test_a_model_scaled_to_zero_is_done() -> None:
    assert is_done(seen(wanted=0), least_wanted=1)


def test_pods_of_an_older_replica_set_of_the_same_version_are_old() -> None:
    sets = (replica_set(revision=3), replica_set(revision=2))
    pods = (ready("new", revision=3), ready("before", revision=2), ready("foreign", revision=7))
    reading = view(Snapshot(deployment=deployment(), replica_sets=sets, pods=pods), NEW)
    assert [p["metadata"]["name"] for p in reading.new] == ["new"]
    assert [p["metadata"]["name"] for p in reading.old] == ["before"]


def test_pods_on_their_way_out_count_for_nobody() -> None:
    reading = seen(ready("a", going=True), old("x"), wanted=2)
    assert (reading.ready, reading.old_ready, len(reading.new)) == (0, {OLD: 1}, 0)


@given(st.floats(min_value=0, max_value=10**7))
def test_a_duration_never_shows_sixty_of_a_unit(seconds: float) -> None:
    numbers = [int(part) for part in span(seconds).split() if part.isdigit()]
    assert all(number < 60 for number in numbers[1:])
    assert numbers[0] < 60 or (span(seconds).endswith(("h", "min")) and " h" in span(seconds))


@given(
    wanted=st.integers(0, 5),
    status=st.fixed_dictionaries(
        {k: st.integers(0, 6) for k in ("replicas", "updatedReplicas", "availableReplicas")}
    ),
    least=st.integers(0, 5),
)
def test_done_never_leaves_an_old_replica_nor_too_few_new_ones(
    wanted: int, status: dict[str, int], least: int
) -> None:
    if is_done(seen(wanted=wanted, **status), least):
        assert status["replicas"] == status["updatedReplicas"]
        assert status["availableReplicas"] >= min(wanted, least)
