"""What a cause of failure is, and how long it is worth waiting for it to pass."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Why an update does not become ready; the value is how it is called in messages."""

    REFUSED = "refused by the cluster"
    IMAGE = "image pull"
    MEMORY = "out of memory"
    STARTUP = "startup probe"
    LIVENESS = "liveness probe"
    CRASH = "crash"
    CONFIGURATION = "configuration"
    NODE = "the node could not start the pod"
    NO_NODE = "no node fits"
    EVICTED = "evicted"
    READINESS = "readiness probe"
    SLOW = "still starting"


AT_ONCE = 0.0
SOON = 60.0


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One reason why a new replica is not ready.

    `patience` is for how many seconds this may last before waiting on is pointless; None where
    only the deadline ends the wait. `previous` says that the log lines that matter are those of
    the container's instance before the present one. `last` is when it last showed itself, where the
    cluster says so: what has not shown itself since the update was asked for may be mended by now.
    """

    kind: Kind
    text: str
    patience: float | None = None
    pod: str = ""
    container: str = ""
    previous: bool = False
    last: str = ""


def span(seconds: float) -> str:
    """A duration as people say it: `12 s`, `2 min 5 s`, `1 h 10 min`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
