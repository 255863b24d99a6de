"""Containers that end when they should run on: out of memory, stopped by a probe, crashed."""

from collections.abc import Sequence

from ekiben.rollout import supervisor
from ekiben.rollout.cause import AT_ONCE, Cause, Kind, span
from ekiben.rollout.replicas import is_failed, is_oom
from ekiben.rollout.snapshot import Container, Obj, containers, parse_time

POINTLESS_AFTER = 2
_SIGNALS = {130: "SIGINT", 134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM"}
# The kubelet's defaults for what a probe leaves out.
_PROBE = {"initialDelaySeconds": 0, "periodSeconds": 10, "failureThreshold": 3}


def out_of_memory(pod: Obj, _events: Sequence[Obj]) -> Cause | None:
    """The kernel ended a container at its memory limit."""
    for container in containers(pod):
        if is_failed(container) and is_oom(container):
            limit = ((container.spec.get("resources") or {}).get("limits") or {}).get("memory")
            at = f"at its memory limit of {limit}" if limit else "for want of memory on the node"
            text = f"container {container.name} was killed {at}{_times(container)}"
            return _ended(pod, container, Kind.MEMORY, text)
    return None


def killed_by_probe(pod: Obj, events: Sequence[Obj]) -> Cause | None:
    """The kubelet stopped a container because its startup or liveness probe kept failing."""
    for container in containers(pod):
        if not is_failed(container):
            continue
        for kind, words in ((Kind.STARTUP, "startup"), (Kind.LIVENESS, "liveness")):
            killing = f"Container {container.name} failed {words} probe"
            if not any(killing in str(e.get("message", "")) for e in events):
                continue
            probe = container.spec.get(f"{words}Probe") or {}
            answer = _last_answer(events, words)
            text = (
                f"container {container.name} was stopped by its {words} probe"
                f"{_lifetime(container)}; the probe allows {_limit(probe)}{_times(container)}"
                f"{': ' if answer else ''}{answer}"
            )
            return _ended(pod, container, kind, text)
    return None


def crash(pod: Obj, _events: Sequence[Obj]) -> Cause | None:
    """A container ended by itself, or could not be started at all."""
    for container in containers(pod):
        if not is_failed(container):
            continue
        end = container.ended or {}
        code = int(end.get("exitCode", 0))
        signal = f" ({_SIGNALS[code]})" if code in _SIGNALS else ""
        said = _last_line(str(end.get("message") or ""))
        text = (
            f"container {container.name} exited with code {code}{signal}"
            f"{_lifetime(container)}{_times(container)}{': ' if said else ''}{said}"
        )
        return _ended(pod, container, Kind.CRASH, text)
    return None


def _ended(pod: Obj, container: Container, kind: Kind, text: str) -> Cause:
    return Cause(
        kind=kind,
        text=text,
        patience=AT_ONCE if container.ends >= POINTLESS_AFTER else None,
        pod=pod["metadata"]["name"],
        container=container.name,
        previous=not container.has_ended_now,
    )


def _times(container: Container) -> str:
    restarts = int(container.status.get("restartCount", 0))
    return f", {restarts} restart{'' if restarts == 1 else 's'}"


def _lifetime(container: Container) -> str:
    end = container.ended or {}
    began, over = parse_time(end.get("startedAt")), parse_time(end.get("finishedAt"))
    # A container that could not be started has no start: the epoch stands there.
    if not began or not over or began.year < 2000:
        return ""
    return f" after {span((over - began).total_seconds())}"


def _last_line(text: str) -> str:
    return (supervisor.without(text.strip().splitlines()) or [""])[-1]


def _limit(probe: Obj) -> str:
    values = {key: probe.get(key, default) for key, default in _PROBE.items()}
    allowed = values["initialDelaySeconds"] + values["periodSeconds"] * values["failureThreshold"]
    return span(allowed)


def _last_answer(events: Sequence[Obj], words: str) -> str:
    prefix = f"{words.capitalize()} probe failed: "
    said = [str(e.get("message", "")) for e in events if e.get("reason") == "Unhealthy"]
    return next(
        (m.removeprefix(prefix).strip() for m in reversed(said) if m.startswith(prefix)), ""
    )
