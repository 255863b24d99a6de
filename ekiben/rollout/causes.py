"""From a reading to the causes of failure in it, the most telling first.

Each rule looks at one pod and the events about it and says what is wrong, or None. The order of
the rules is the order in which their answers explain each other: a container that ran out of
memory has also crashed, and is also not ready.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ekiben.rollout.cause import AT_ONCE, SOON, Cause, Kind, span
from ekiben.rollout.ends import crash, killed_by_probe, out_of_memory
from ekiben.rollout.replicas import PULL_REASONS, is_unscheduled
from ekiben.rollout.snapshot import (
    Container,
    Obj,
    View,
    condition,
    containers,
    event_time,
    events_about,
    is_ready,
    parse_time,
)

# A pull that fails with one of these will fail the next time too.
_HOPELESS_PULL = re.compile(
    r"(?<!host )(?<!server )not found|manifest unknown|name unknown|no match for platform"
    r"|invalid reference format|couldn't parse image",
    re.IGNORECASE,
)
# These name the image again, which the message has named already.
_WRAPPING = re.compile(r'^(failed to (pull and unpack image|resolve reference) "[^"]*": )+')
# Refusals of a pod by admission, by words of their message, and how soon they are final. A quota
# may be freed by pods that are on their way out, an unreachable webhook may come back.
_REFUSALS: tuple[tuple[str, float], ...] = (
    ("violates PodSecurity", AT_ONCE),
    ("denied the request", AT_ONCE),
    ("is invalid", AT_ONCE),
    ("", SOON),
)


def find(view: View) -> list[Cause]:
    """All causes to be seen, worst first; empty where the update is simply under way."""
    found = [c for c in (refused(view),) if c]
    unready = [p for p in view.new if not is_ready(p)]
    for rule in _RULES:
        found += [c for p in unready if (c := rule(p, events_about(view.events, p)))]
    return _crashes_of_many(found, view)


def refused(view: View) -> Cause | None:
    """The API server refuses the new pods: quota, Pod Security, a webhook, an invalid object."""
    failure = condition(view.new_set or {}, "ReplicaFailure")
    if failure.get("status") != "True" or len(view.new) >= view.wanted:
        return None
    said = str(failure.get("message", ""))
    patience = next(seconds for words, seconds in _REFUSALS if words in said)
    return Cause(kind=Kind.REFUSED, text=said, patience=patience)


def image_pull(pod: Obj, events: Sequence[Obj]) -> Cause | None:
    """The node cannot pull an image: which one, and what the registry said."""
    for container in containers(pod):
        reason = container.waiting.get("reason", "")
        if reason not in PULL_REASONS:
            continue
        said = _pull_message(container, events)
        image = str(container.spec.get("image", ""))
        why = _registry_reason(said).removeprefix(f"{image}: ")
        final = reason in {"InvalidImageName", "ErrImageNeverPull"}
        final = final or bool(_HOPELESS_PULL.search(said))
        cause = _about(
            pod,
            container,
            kind=Kind.IMAGE,
            text=f"cannot pull {image}: {why}",
            patience=AT_ONCE if final else SOON,
        )
        return replace(cause, last=max(map(event_time, _failed_pulls(events)), default=""))
    return None


def configuration(pod: Obj, events: Sequence[Obj]) -> Cause | None:
    """A Secret, ConfigMap or volume that the pod names is missing, or the node fails at it."""
    for container in containers(pod):
        kind = _WAITING.get(container.waiting.get("reason", ""))
        if kind:
            said = str(container.waiting.get("message", ""))
            patience = SOON if kind is Kind.CONFIGURATION else None
            return _about(pod, container, kind=kind, text=said, patience=patience)
    if is_unscheduled(pod) or any(c.status.get("started") or c.ends for c in containers(pod)):
        return None
    for event in reversed(events):
        kind = _NODE_EVENTS.get(event.get("reason", ""))
        if kind:
            said = str(event.get("message", ""))
            missing = kind is Kind.CONFIGURATION and "not found" in said
            name = pod["metadata"]["name"]
            return Cause(kind=kind, text=said, pod=name, patience=SOON if missing else None)
    return None


def no_node(pod: Obj, _events: Sequence[Obj]) -> Cause | None:
    """No node fits: the scheduler's own words, and what the pod asks for."""
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") != "False" or not is_unscheduled(pod):
        return None
    text = f"{scheduled.get('message', '')} (a replica requests {requests(pod)})"
    return Cause(kind=Kind.NO_NODE, text=text, pod=pod["metadata"]["name"])


def evicted(pod: Obj, _events: Sequence[Obj]) -> Cause | None:
    """The node threw the pod out."""
    status = pod["status"]
    if status.get("phase") != "Failed" or not status.get("reason"):
        return None
    text = f"{status['reason']}: {status.get('message', '')}"
    return Cause(kind=Kind.EVICTED, text=text, pod=pod["metadata"]["name"])


def unready(pod: Obj, events: Sequence[Obj]) -> Cause | None:
    """A container runs, but its startup or readiness probe has not passed."""
    for container in containers(pod):
        if container.is_init or container.running is None or container.status.get("ready"):
            continue
        started = bool(container.status.get("started", True))
        kind, words = (
            (Kind.READINESS, "Readiness probe") if started else (Kind.STARTUP, "Startup probe")
        )
        said = next((e for e in reversed(events) if _is_unhealthy(e, words)), None)
        answer = str((said or {}).get("message", "")) or f"no answer of the {words} is known"
        text = f"{answer.strip()}{_ran_until(container, said)}"
        return _about(pod, container, kind=kind, text=text)
    return None


def requests(pod: Obj) -> str:
    """What the pod requests, in its own spelling: `cpu 500m, memory 1Gi, nvidia.com/gpu 1`."""
    asked: dict[str, list[str]] = {}
    for container in containers(pod):
        resources = container.spec.get("resources") or {}
        wanted = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
        for name, amount in wanted.items():
            if not container.is_init:
                asked.setdefault(name, []).append(str(amount))
    order = sorted(asked, key=lambda name: (name not in ("cpu", "memory"), name))
    return ", ".join(f"{name} {' + '.join(asked[name])}" for name in order) or "nothing"


_WAITING = {
    "CreateContainerConfigError": Kind.CONFIGURATION,
    "CreateContainerError": Kind.NODE,
}
_NODE_EVENTS = {
    "FailedMount": Kind.CONFIGURATION,
    "FailedAttachVolume": Kind.NODE,
    "FailedCreatePodSandBox": Kind.NODE,
}
_RULES: tuple[Callable[[Obj, Sequence[Obj]], Cause | None], ...] = (
    image_pull,
    out_of_memory,
    killed_by_probe,
    crash,
    configuration,
    no_node,
    evicted,
    unready,
)


def _crashes_of_many(found: list[Cause], view: View) -> list[Cause]:
    """Two replicas that crashed once each are as telling as one that crashed twice.

    Only while no new replica is ready, else one bad node in a large update would stop it.
    """
    ended = [c for c in found if c.kind in (Kind.CRASH, Kind.MEMORY)]
    if view.ready or len({c.pod for c in ended}) < 2:
        return found
    return [replace(c, patience=AT_ONCE) if c in ended else c for c in found]


def _about(
    pod: Obj, container: Container, *, kind: Kind, text: str, patience: float | None = None
) -> Cause:
    name = pod["metadata"]["name"]
    return Cause(kind=kind, text=text, patience=patience, pod=name, container=container.name)


def _pull_message(container: Container, events: Sequence[Obj]) -> str:
    """What the pull failed with: while it backs off, only an event may still say so."""
    said = str(container.waiting.get("message", ""))
    if container.waiting.get("reason") != "ImagePullBackOff" or "ErrImagePull:" in said:
        return said
    failed = [str(event["message"]) for event in _failed_pulls(events)]
    return failed[-1] if failed else said


def _failed_pulls(events: Sequence[Obj]) -> list[Obj]:
    return [
        event
        for event in events
        if event.get("reason") == "Failed" and "pull image" in str(event.get("message", ""))
    ]


def _registry_reason(said: str) -> str:
    """The runtime's message without the layers wrapped around what the registry answered."""
    inner = said.rsplit("desc = ", 1)[-1].split("ErrImagePull: ", 1)[-1]
    return _WRAPPING.sub("", inner.strip())


def _is_unhealthy(event: Obj, words: str) -> bool:
    return event.get("reason") == "Unhealthy" and str(event.get("message", "")).startswith(words)


def _ran_until(container: Container, event: Obj | None) -> str:
    """How long the container had run when the probe last failed; nothing where unknown."""
    began = parse_time((container.running or {}).get("startedAt"))
    failed = parse_time((event or {}).get("lastTimestamp"))
    if not began or not failed:
        return ""
    return f" ({span(max(0.0, (failed - began).total_seconds()))} after the container started)"
