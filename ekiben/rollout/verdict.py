"""Go on waiting, done, or failed: decided from one reading and what was seen before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ekiben.rollout.cause import Cause, Kind, span
from ekiben.rollout.progress import is_done
from ekiben.rollout.snapshot import View

# A cause that flickers (a pull that is tried again) is one cause, unless it stays away this long.
_FLICKER = 15.0


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What a roll-out has seen so far; times are seconds of a monotonic clock.

    `advanced` is when the number of ready new replicas last reached a new height: the deadline
    counts from there, so that an update of a hundred replicas one by one is not cut short, and
    one that never becomes ready ends after exactly the deadline. `inherited` is what the first
    reading found: pods and when their fault last showed itself, in an earlier run perhaps.
    """

    began: float
    advanced: float
    deadline: float
    least_wanted: int | None = None
    most_ready: int = 0
    seen: Mapping[tuple[str, Kind], tuple[float, float]] = field(default_factory=dict)
    inherited: frozenset[tuple[str, str]] | None = None

    @property
    def ends(self) -> float:
        """When waiting is over if nothing advances."""
        return self.advanced + self.deadline


@dataclass(frozen=True)
class Waiting:
    """Nothing is decided yet."""


@dataclass(frozen=True)
class Done:
    """The version is rolled out."""


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The update has failed: what happened, and the cause where one is known."""

    happened: str
    cause: Cause


Verdict = Waiting | Done | Failed


def begin(now: float, deadline: float) -> Memory:
    """The memory of a roll-out that starts now and has `deadline` seconds for each replica."""
    return Memory(began=now, advanced=now, deadline=deadline)


def judge(memory: Memory, view: View, causes: list[Cause], now: float) -> tuple[Memory, Verdict]:
    """Take one reading into the memory and decide."""
    memory = _remember(memory, view, causes, now)
    least = view.wanted if memory.least_wanted is None else memory.least_wanted
    if is_done(view, least):
        return memory, Done()
    for cause in causes:
        first, _ = memory.seen[cause.pod, cause.kind]
        if cause.patience is None or (cause.pod, cause.last) in (memory.inherited or ()):
            continue
        if now - first >= cause.patience:
            return memory, Failed(happened=_happened(memory, view, now, cause), cause=cause)
    if now < memory.ends:
        return memory, Waiting()
    cause = next(iter(causes), Cause(kind=Kind.SLOW, text=_no_failure(view)))
    return memory, Failed(happened=_happened(memory, view, now, None), cause=cause)


def _remember(memory: Memory, view: View, causes: list[Cause], now: float) -> Memory:
    fresh = {key: t for key, t in memory.seen.items() if now - t[1] < _FLICKER}
    for cause in causes:
        first, _ = fresh.get((cause.pod, cause.kind), (now, now))
        fresh[cause.pod, cause.kind] = (first, now)
    inherited = memory.inherited
    if inherited is None:
        inherited = frozenset((cause.pod, cause.last) for cause in causes if cause.last)
    wanted = memory.least_wanted
    if view.observed:
        wanted = view.wanted if wanted is None else min(wanted, view.wanted)
    advanced = view.ready > memory.most_ready
    return replace(
        memory,
        seen=fresh,
        inherited=inherited,
        least_wanted=wanted,
        most_ready=max(view.ready, memory.most_ready),
        advanced=now if advanced else memory.advanced,
    )


def _happened(memory: Memory, view: View, now: float, pointless: Cause | None) -> str:
    counts = f"{view.ready} of {view.wanted} replicas ready after {span(now - memory.began)}"
    if pointless is not None:
        return f"{counts}, and waiting longer would not help"
    last = " since the last one became ready" if memory.most_ready else ""
    return f"{counts}: the deadline of {span(memory.deadline)}{last} has passed"


def _no_failure(view: View) -> str:
    if view.ready < view.wanted:
        return "no failure was seen"
    return "the replicas are ready, but the Deployment does not count them as available yet"
