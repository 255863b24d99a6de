"""How far an update is, as one line, and whether it is done."""

from datetime import datetime

from ekiben.rollout.cause import span
from ekiben.rollout.replicas import Word, age, is_unscheduled, word
from ekiben.rollout.snapshot import Obj, View, condition, containers, events_about, parse_time

_PHRASES = {
    Word.NOT_READY: "starting",
    Word.PENDING: "waiting for a node",
    Word.CREATING: "being created",
    Word.ERR_IMAGE_PULL: "failing to pull the image",
    Word.FAILED: "crashed",
    Word.KILLED: "evicted",
    Word.KILLED_OOM: "out of memory",
    Word.STALLED: "waiting for a node",
    Word.UNKNOWN: "of unknown state",
}
_WORDS_OF_SCHEDULER = 120


def is_done(view: View, least_wanted: int) -> bool:
    """Whether the new version is all there is and enough of it is available.

    The Deployment's own counts decide, once its controller has seen this version. Old pods that
    are still terminating are not waited for: the Service has dropped them already and nothing
    depends on their end, while a drain may take minutes. Nor are replicas that the scaler adds
    while the update runs: `least_wanted` is the smallest number wanted since it began.
    """
    updated = view.status.get("updatedReplicas", 0)
    available = view.status.get("availableReplicas", 0)
    enough = min(view.wanted, least_wanted)
    replaced = updated == view.status.get("replicas", 0)
    return view.observed and replaced and min(updated, available) >= enough


def line(view: View, now: datetime) -> str:
    """Progress in a line: `2 of 3 replicas ready, 1 starting (12 s)`."""
    if not view.observed:
        return "waiting for the cluster to take up the new version"
    if view.wanted == 0:
        return "scaled to zero, nothing to wait for"
    parts = [f"{view.ready} of {view.wanted} replicas ready", *_unready(view, now)]
    settling = view.status.get("readyReplicas", 0) - view.status.get("availableReplicas", 0)
    if settling > 0:
        parts.append(f"{settling} in the minimum ready time")
    served = "".join(
        f"; {version} still serves with {count}" for version, count in view.old_ready.items()
    )
    return ", ".join(parts) + served + _scheduler(view)


def _unready(view: View, now: datetime) -> list[str]:
    groups: dict[str, list[float]] = {}
    for pod in view.new:
        state = word(pod, view.version, now)
        if state in _PHRASES:
            groups.setdefault(_phrase(pod, state, view), []).append(_busy(pod, state, now))
    return [f"{len(ages)} {phrase} ({span(max(ages))})" for phrase, ages in groups.items()]


def _phrase(pod: Obj, state: Word, view: View) -> str:
    """`being created` told apart by the pod's last event: a pull may take minutes."""
    if state is Word.CREATING:
        last = next(reversed(events_about(view.events, pod)), {})
        if last.get("reason") == "Pulling":
            return "pulling the image"
    return _PHRASES[state]


def _busy(pod: Obj, state: Word, now: datetime) -> float:
    """How long the pod has been at it: its container's age while starting, else its own."""
    if state is not Word.NOT_READY:
        return age(pod, now)
    began = [parse_time((c.running or {}).get("startedAt")) for c in containers(pod)]
    return max((max(0.0, (now - b).total_seconds()) for b in began if b), default=age(pod, now))


def _scheduler(view: View) -> str:
    """The scheduler's own words, where it finds no node for a new replica."""
    for pod in filter(is_unscheduled, view.new):
        said = str(condition(pod, "PodScheduled").get("message", "")).strip()
        if said:
            short = said[:_WORDS_OF_SCHEDULER].rstrip()
            return f": {short}{'...' if len(said) > len(short) else ''}"
    return ""
