"""The state of one replica in a word. The words are Cortex's, for those who come from there."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from ekiben.rollout.snapshot import (
    Container,
    Obj,
    condition,
    containers,
    is_ready,
    parse_time,
    version_of,
)

STALLED_AFTER = timedelta(minutes=15)
PULL_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)


class Word(StrEnum):
    """What a replica does."""

    READY = "Ready"
    READY_OUT_OF_DATE = "ReadyOutOfDate"
    NOT_READY = "NotReady"
    PENDING = "Pending"
    CREATING = "Creating"
    ERR_IMAGE_PULL = "ErrImagePull"
    FAILED = "Failed"
    KILLED = "Killed"
    KILLED_OOM = "KilledOOM"
    STALLED = "Stalled"
    TERMINATING = "Terminating"
    UNKNOWN = "Unknown"


def word(pod: Obj, version: str, now: datetime) -> Word:
    """Which state the pod is in, seen from a roll-out to `version`."""
    if is_ready(pod) and version_of(pod) != version:
        return Word.READY_OUT_OF_DATE
    found = next((name for name, holds in _RULES if holds(pod)), Word.UNKNOWN)
    if found is Word.PENDING and age(pod, now) > STALLED_AFTER.total_seconds():
        return Word.STALLED
    return found


def age(pod: Obj, now: datetime) -> float:
    """Seconds since the pod was created; never negative, whatever the clocks say."""
    created = parse_time(pod["metadata"].get("creationTimestamp"))
    return max(0.0, (now - created).total_seconds()) if created else 0.0


def is_unscheduled(pod: Obj) -> bool:
    """Whether no node has been found for the pod yet."""
    return pod["status"].get("phase", "Pending") == "Pending" and not pod["spec"].get("nodeName")


def is_oom(container: Container) -> bool:
    """Whether the container's latest end was the kernel's, for want of memory."""
    return (container.ended or {}).get("reason") == "OOMKilled"


def is_failed(container: Container) -> bool:
    """Whether the container ended when it should have run on, and does not run well since."""
    return container.ends > 0 and not container.status.get("ready")


def _any(test: Callable[[Container], bool]) -> Callable[[Obj], bool]:
    return lambda pod: any(map(test, containers(pod)))


# The first rule that holds names the pod.
_RULES: tuple[tuple[Word, Callable[[Obj], bool]], ...] = (
    (Word.TERMINATING, lambda pod: bool(pod["metadata"].get("deletionTimestamp"))),
    (Word.READY, is_ready),
    (Word.UNKNOWN, lambda pod: pod["status"].get("phase") == "Unknown"),
    (Word.KILLED, lambda pod: pod["status"].get("reason") in {"Evicted", "Preempting"}),
    (Word.PENDING, is_unscheduled),
    (Word.ERR_IMAGE_PULL, _any(lambda c: c.waiting.get("reason") in PULL_REASONS)),
    (Word.KILLED_OOM, _any(lambda c: is_failed(c) and is_oom(c))),
    (Word.FAILED, lambda pod: pod["status"].get("phase") == "Failed"),
    (Word.FAILED, _any(is_failed)),
    (Word.NOT_READY, _any(lambda c: not c.is_init and c.running is not None)),
    (Word.CREATING, lambda pod: condition(pod, "PodScheduled").get("status") == "True"),
    (Word.CREATING, lambda pod: bool(pod["spec"].get("nodeName"))),
)
