"""Each way in which a new replica fails is recognised and told in the user's terms."""

from typing import Any

import pytest

from ekiben.rollout import causes
from ekiben.rollout.cause import Kind
from ekiben.rollout.snapshot import Snapshot, View, view
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

NOT_FOUND = (
    "rpc error: code = NotFound desc = failed to pull and unpack image "
    f'"{IMAGE}": {IMAGE}: not found'
)
REFUSED = (
    'Back-off pulling image "x": ErrImagePull: rpc error: code = Unknown desc = failed to do '
    "request: dial tcp 10.0.0.1:5000: connect: connection refused"
)
SCHEDULER = "0/3 nodes are available: 3 Insufficient cpu."
PROBE_503 = "Readiness probe failed: HTTP probe failed with statuscode: 503"
STARTUP_PROBE = {"startupProbe": {"periodSeconds": 5, "failureThreshold": 24}}
STARTUP_KILL = "Container model failed startup probe, will be restarted"
LIVENESS_KILL = "Container model failed liveness probe, will be restarted"
QUOTA = 'pods "iris-x" is forbidden: exceeded quota: team, requested: cpu=4, used: 6, limited: 8'
SECURITY = 'pods "iris-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot'


def seen(*pods: Any, events: Any = (), refused: str = "", wanted: int = 1) -> View:
    """A reading with the new ReplicaSet, an old one, and these pods."""
    sets = (replica_set(refused=refused), replica_set(OLD, revision=1))
    snapshot = Snapshot(
        deployment=deployment(wanted=wanted), replica_sets=sets, pods=pods, events=events
    )
    return view(snapshot, NEW)


CASES = {
    "an image that is not there": (
        seen(pod(containers=[waiting("ErrImagePull", NOT_FOUND)])),
        (Kind.IMAGE, 0.0, [f"cannot pull {IMAGE}: not found"], ["rpc error"]),
    ),
    "a registry that is down": (
        seen(pod(containers=[waiting("ImagePullBackOff", REFUSED)])),
        (Kind.IMAGE, 60.0, [IMAGE, "connection refused"], ["rpc error", "Back-off"]),
    ),
    "a pull that backs off, its reason only in an event": (
        seen(
            pod(containers=[waiting("ImagePullBackOff", 'Back-off pulling image "x"')]),
            events=[event("Failed", f'Failed to pull image "x": {NOT_FOUND}')],
        ),
        (Kind.IMAGE, 0.0, ["not found"], ["Back-off"]),
    ),
    "a registry's name that does not resolve": (
        seen(pod(containers=[waiting("ErrImagePull", "lookup registry: host not found")])),
        (Kind.IMAGE, 60.0, ["host not found"], []),
    ),
    "a first crash": (
        seen(pod(containers=[waiting("CrashLoopBackOff", restarts=1, lastState=ended(3))])),
        (Kind.CRASH, None, ["code 3", "after 5 s", "1 restart"], ["restarts"]),
    ),
    "a second crash": (
        seen(pod(containers=[running(restarts=2, lastState=ended(1))])),
        (Kind.CRASH, 0.0, ["code 1", "2 restarts"], []),
    ),
    "a second crash that was not restarted yet": (
        seen(pod(containers=[{"name": "model", "restartCount": 1, "state": ended(1)}])),
        (Kind.CRASH, 0.0, ["code 1", "1 restart"], []),
    ),
    "a crash by a signal": (
        seen(pod(containers=[waiting("CrashLoopBackOff", restarts=1, lastState=ended(139))])),
        (Kind.CRASH, None, ["139 (SIGSEGV)"], []),
    ),
    "a service that ends without a fault": (
        seen(pod(containers=[{"name": "model", "restartCount": 0, "state": ended(0)}])),
        (Kind.CRASH, None, ["code 0"], []),
    ),
    "a command that cannot be started": (
        seen(
            pod(
                containers=[
                    waiting(
                        "RunContainerError",
                        restarts=2,
                        lastState=ended(128, reason="StartError", text='exec: "x": not found'),
                    )
                ]
            )
        ),
        (Kind.CRASH, 0.0, ["code 128", 'exec: "x": not found'], []),
    ),
    "out of memory": (
        seen(
            pod(
                spec={"resources": {"limits": {"memory": "256Mi"}}},
                containers=[
                    waiting(
                        "CrashLoopBackOff", restarts=2, lastState=ended(137, reason="OOMKilled")
                    )
                ],
            )
        ),
        (Kind.MEMORY, 0.0, ["memory limit of 256Mi", "2 restarts"], ["exited"]),
    ),
    "a start slower than the startup probe allows": (
        seen(
            pod(
                spec=STARTUP_PROBE,
                containers=[
                    running(restarts=1, started=False, lastState=ended(137, ran=121))
                ],
            ),
            events=[
                event("Unhealthy", "Startup probe failed: connection refused", age=9),
                event("Killing", STARTUP_KILL, age=8),
            ],
        ),
        (Kind.STARTUP, None, ["2 min 1 s", "allows 2 min", "connection refused"], ["exited"]),
    ),
    "a startup probe that has not passed yet": (
        seen(
            pod(spec=STARTUP_PROBE, containers=[running(seconds=40, started=False)]),
            events=[event("Unhealthy", "Startup probe failed: 503", age=10)],
        ),
        (Kind.STARTUP, None, ["Startup probe failed: 503", "30 s after"], []),
    ),
    "a liveness probe that kills": (
        seen(
            pod(containers=[running(restarts=2, lastState=ended(137))]),
            events=[event("Killing", LIVENESS_KILL)],
        ),
        (Kind.LIVENESS, 0.0, ["liveness probe"], ["startup"]),
    ),
    "readiness that never comes": (
        seen(pod(containers=[running(seconds=90)]), events=[event("Unhealthy", PROBE_503, age=2)]),
        (Kind.READINESS, None, ["statuscode: 503", "1 min 28 s after"], []),
    ),
    "no node that fits": (
        seen(
            pod(
                node="",
                phase="Pending",
                scheduler=SCHEDULER,
                spec={"resources": {"requests": {"cpu": "16", "memory": "1Gi"},
                                    "limits": {"nvidia.com/gpu": "2"}}},
            )
        ),
        (Kind.NO_NODE, None, [SCHEDULER, "cpu 16, memory 1Gi, nvidia.com/gpu 2"], []),
    ),
    "a quota that is used up": (
        seen(refused=QUOTA),
        (Kind.REFUSED, 60.0, [QUOTA], []),
    ),
    "a pod that breaks the security standard": (
        seen(refused=SECURITY),
        (Kind.REFUSED, 0.0, [SECURITY], []),
    ),
    "a Secret that is missing from the environment": (
        seen(pod(containers=[waiting("CreateContainerConfigError", 'secret "t" not found')])),
        (Kind.CONFIGURATION, 60.0, ['secret "t" not found'], []),
    ),
    "a Secret that is missing from a volume": (
        seen(
            pod(containers=[waiting("ContainerCreating")]),
            events=[event("FailedMount", 'MountVolume.SetUp failed: secret "t" not found')],
        ),
        (Kind.CONFIGURATION, 60.0, ['secret "t" not found'], []),
    ),
    "a node that cannot make the sandbox": (
        seen(
            pod(containers=[waiting("ContainerCreating")]),
            events=[event("FailedCreatePodSandBox", "plugin type=bridge failed")],
        ),
        (Kind.NODE, None, ["plugin type=bridge failed"], []),
    ),
    "an evicted pod": (
        seen(pod(phase="Failed", reason="Evicted", message="The node was low on memory")),
        (Kind.EVICTED, None, ["Evicted: The node was low on memory"], []),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_cause_is_recognised(case: Any) -> None:
    reading, (kind, patience, words, other_words) = case
    worst = causes.find(reading)[0]
    assert (worst.kind, worst.patience) == (kind, patience)
    assert [w for w in words if w not in worst.text] == []
    assert [w for w in other_words if w in worst.text] == []


def test_a_replica_that_just_starts_has_no_cause_of_failure() -> None:
    assert causes.find(seen(pod(containers=[waiting("ContainerCreating")]))) == []


def test_a_ready_replica_that_crashed_before_is_no_failure() -> None:
    status = running(restarts=3, ready=True, lastState=ended(1))
    assert causes.find(seen(pod(ready=True, containers=[status]))) == []


def test_pods_of_the_old_version_are_nobodys_cause() -> None:
    old = pod(version=OLD, revision=1, containers=[running(restarts=9, lastState=ended(1))])
    assert causes.find(seen(old)) == []


def test_a_refusal_that_has_passed_is_no_cause_once_all_replicas_exist() -> None:
    started = pod(containers=[waiting("ContainerCreating")])
    assert causes.find(seen(started, refused=QUOTA)) == []


def test_the_log_lines_that_matter_are_those_of_the_instance_that_crashed() -> None:
    again = causes.find(seen(pod(containers=[running(restarts=1, lastState=ended(1))])))[0]
    still = causes.find(
        seen(pod(containers=[{"name": "model", "restartCount": 0, "state": ended(1)}]))
    )[0]
    assert (again.previous, still.previous) == (True, False)


def test_two_replicas_that_crashed_once_each_are_as_bad_as_one_that_crashed_twice() -> None:
    crashed = [waiting("CrashLoopBackOff", restarts=1, lastState=ended(1))]
    both = [pod("a", containers=crashed), pod("b", containers=crashed)]
    assert {c.patience for c in causes.find(seen(*both, wanted=3))} == {0.0}
    ready = pod("c", ready=True, containers=[running(ready=True)])
    assert {c.patience for c in causes.find(seen(*both, ready, wanted=3))} == {None}


def test_requests_of_several_containers_are_told_apart() -> None:
    several = pod()
    several["spec"]["containers"] = [
        {"name": "model", "resources": {"requests": {"cpu": "2"}}},
        {"name": "helper", "resources": {"requests": {"cpu": "100m"}}},
    ]
    assert causes.requests(several) == "cpu 2 + 100m"
    assert causes.requests(pod()) == "nothing"
