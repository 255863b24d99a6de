"""When waiting goes on, when it is over, and what is said then."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ekiben.rollout import message
from ekiben.rollout.cause import Cause, Kind
from ekiben.rollout.snapshot import Snapshot, View, view
from ekiben.rollout.target import Target
from ekiben.rollout.verdict import Done, Failed, Memory, Verdict, Waiting, begin, judge
from tests.rollout.situations import IMAGE, NEW, OLD, deployment, pod, replica_set, running

DEADLINE = 300.0
TARGET = Target(
    model="iris",
    namespace="vision",
    deployment="iris-stable",
    version=NEW,
    image=IMAGE,
    deadline_seconds=DEADLINE,
)
PULL = Cause(kind=Kind.IMAGE, text="cannot pull", pod="a", container="model", patience=60.0)
CRASH = Cause(
    kind=Kind.CRASH,
    text="container model exited with code 1, 2 restarts",
    pod="a",
    container="model",
    patience=0.0,
    previous=True,
)
SLOW = Cause(kind=Kind.READINESS, text="Readiness probe failed: 503", pod="a", container="model")


def reading(*, ready: int = 0, wanted: int = 3, old: int = 0, **status: Any) -> View:
    """A reading with so many ready new and old replicas."""
    pods = [pod(f"n{i}", ready=True, containers=[running(ready=True)]) for i in range(ready)]
    pods += [pod(f"o{i}", version=OLD, revision=1, ready=True) for i in range(old)]
    sets = (replica_set(), replica_set(OLD, revision=1))
    return view(
        Snapshot(deployment=deployment(wanted=wanted, **status), replica_sets=sets, pods=pods), NEW
    )


Step = tuple[float, View, list[Cause]]


def after(*readings: Step) -> tuple[Memory, Verdict]:
    """The verdict after these readings, each at its second."""
    memory = begin(0.0, DEADLINE)
    outcome: Verdict = Waiting()
    for now, seen, found in readings:
        memory, outcome = judge(memory, seen, found, now)
        if not isinstance(outcome, Waiting):
            break
    return memory, outcome


def test_a_pull_that_failed_before_the_update_was_asked_for_may_be_mended_by_now() -> None:
    old = replace(PULL, patience=0.0, last="2026-01-01T10:00:00Z")
    again = replace(old, last="2026-01-01T10:00:40Z")
    _, outcome = after((0, reading(), [old]), (200, reading(), [old]))
    assert isinstance(outcome, Waiting)
    _, outcome = after((0, reading(), [old]), (40, reading(), [again]))
    assert failed(outcome).cause == again
    _, outcome = after((0, reading(), []), (1, reading(), [old]))
    assert failed(outcome).cause == old


def failed(outcome: Verdict) -> Failed:
    assert isinstance(outcome, Failed)
    return outcome


def test_a_slow_start_is_waited_for_until_the_deadline() -> None:
    assert isinstance(after((299, reading(), [SLOW]))[1], Waiting)
    over = failed(after((299, reading(), [SLOW]), (300, reading(), [SLOW]))[1])
    assert over.cause is SLOW
    assert over.happened == "0 of 3 replicas ready after 5 min: the deadline of 5 min has passed"


def test_a_second_crash_ends_the_waiting_at_once() -> None:
    over = failed(after((7, reading(), [CRASH]))[1])
    assert "waiting longer would not help" in over.happened


def test_a_pull_that_fails_ends_the_waiting_after_a_minute_of_failing() -> None:
    until = [(float(t), reading(), [PULL]) for t in range(10, 70, 5)]
    assert isinstance(after(*until)[1], Waiting)
    assert failed(after(*until, (70.0, reading(), [PULL]))[1]).cause is PULL


def test_a_pull_that_works_again_is_forgotten() -> None:
    flaky = {t: [PULL] if t < 40 or t > 60 else [] for t in range(0, 119, 3)}
    steps = [(float(t), reading(), causes) for t, causes in flaky.items()]
    assert isinstance(after(*steps)[1], Waiting)


def test_the_deadline_starts_anew_with_each_replica_that_becomes_ready() -> None:
    steps: list[Step] = [(float(t), reading(ready=t // 250), []) for t in range(0, 700, 50)]
    assert isinstance(after(*steps)[1], Waiting)
    over = failed(after(*steps, (801.0, reading(ready=2), []))[1])
    assert "since the last one became ready" in over.happened
    assert over.cause.kind is Kind.SLOW


def test_ready_replicas_that_the_cluster_does_not_count_are_told_as_that() -> None:
    over = failed(after((1.0, reading(ready=3), []), (301.0, reading(ready=3), []))[1])
    assert "the Deployment does not count them as available yet" in over.cause.text


def test_a_replica_that_comes_and_goes_does_not_move_the_deadline() -> None:
    steps = [(float(t), reading(ready=(t // 10) % 2), [SLOW]) for t in range(0, 320, 10)]
    assert isinstance(after(*steps)[1], Failed)


def test_the_scaler_adding_replicas_does_not_keep_an_update_from_being_done() -> None:
    full: dict[str, Any] = {"replicas": 5, "updatedReplicas": 5, "availableReplicas": 3}
    done = after((1, reading(ready=0), []), (2, reading(wanted=5, ready=3, **full), []))[1]
    assert isinstance(done, Done)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([[], [SLOW], [PULL]])), max_size=60))
def test_no_sequence_of_readings_waits_longer_than_a_deadline_for_each_replica(
    steps: list[tuple[int, list[Cause]]],
) -> None:
    readings = [(i * 100.0, reading(ready=r), c) for i, (r, c) in enumerate(steps)]
    memory, outcome = after(*readings)
    assert isinstance(outcome, Failed) or len(steps) * 100 <= DEADLINE * 4 + 100
    assert memory.ends <= memory.began + DEADLINE * 4 + len(steps) * 100


def test_the_error_says_what_happened_why_what_serves_and_what_to_do() -> None:
    over = failed(after((7, reading(old=3), [CRASH]))[1])
    text = message.failure(TARGET, reading(old=3), over, ["Traceback", "  ValueError: \x1b[31mno"])
    assert text.splitlines() == [
        f"model iris: version {NEW} did not become ready in namespace vision",
        "what happened: 0 of 3 replicas ready after 7 s, and waiting longer would not help",
        "cause: crash: container model exited with code 1, 2 restarts",
        "last log lines of container model of pod a before its restart:",
        "    Traceback",
        "      ValueError: no",
        f"The old version {OLD} keeps serving 3 of 3 replicas.",
        "what to do: correct the model's code or requirements; the log lines say where it ended.",
    ]


def test_what_still_serves_is_counted() -> None:
    cases: list[tuple[Any, str]] = [
        (reading(old=2), f"The old version {OLD} keeps serving 2 of 3 replicas."),
        (reading(ready=1, old=2), "The new version serves 1 of 3 replicas."),
        (reading(), "No version of iris is serving."),
    ]
    for seen, words in cases:
        assert words in message.standing(TARGET, seen)


def test_every_cause_comes_with_advice() -> None:
    assert set(message.ADVICE) == set(Kind)


@given(st.text(max_size=3000))
def test_foreign_text_cannot_garble_the_display(text: str) -> None:
    shown = message.plain(text)
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert len(shown) <= 1610
