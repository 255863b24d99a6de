"""One reading of a Deployment from the cluster, and who in it is new and who is old.

Everything here takes plain dicts in Kubernetes' own spelling and knows no client, so that each
situation a roll-out can be in is a few lines of data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

VERSION_LABEL = "ekiben.dev/version"
REVISION = "deployment.kubernetes.io/revision"

Obj = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the API server answered: `events` are those about the new ReplicaSet and its pods."""

    deployment: Obj
    replica_sets: Sequence[Obj] = ()
    pods: Sequence[Obj] = ()
    events: Sequence[Obj] = ()


@dataclass(frozen=True, kw_only=True)
class View:
    """A snapshot sorted for one version: `new` and `old` leave out pods that are terminating."""

    version: str
    carries: str
    wanted: int
    observed: bool
    status: Obj
    new_set: Obj | None
    new: tuple[Obj, ...]
    old: tuple[Obj, ...]
    events: tuple[Obj, ...]

    @property
    def ready(self) -> int:
        """New replicas that take requests."""
        return sum(map(is_ready, self.new))

    @property
    def old_ready(self) -> dict[str, int]:
        """Replicas of older versions that take requests, by version."""
        counts: dict[str, int] = {}
        for pod in filter(is_ready, self.old):
            name = version_of(pod) or "unknown"
            counts[name] = counts.get(name, 0) + 1
        return counts


def view(snapshot: Snapshot, version: str) -> View:
    """Sort a snapshot into new and old, by the version label of the pod template.

    New pods are those of the newest ReplicaSet with that label, old ones those of every other
    ReplicaSet of this Deployment; a pod that merely has matching labels is neither.
    """
    deployment = snapshot.deployment
    status = deployment.get("status", {})
    carries = label(deployment["spec"]["template"], VERSION_LABEL)
    seen = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    ours = [s for s in snapshot.replica_sets if is_owned_by(s, deployment)]
    of_version = [s for s in ours if label(s["spec"]["template"], VERSION_LABEL) == version]
    new_set = max(of_version, key=_revision, default=None)
    living = [p for p in snapshot.pods if not p["metadata"].get("deletionTimestamp")]
    return View(
        version=version,
        carries=carries,
        wanted=deployment["spec"].get("replicas", 1),
        observed=seen and carries == version,
        status=status,
        new_set=new_set,
        new=tuple(p for p in living if new_set is not None and is_owned_by(p, new_set)),
        old=tuple(p for p in living if any(is_owned_by(p, s) for s in ours if s is not new_set)),
        events=tuple(sorted(snapshot.events, key=event_time)),
    )


def is_owned_by(obj: Obj, owner: Obj) -> bool:
    """Whether `owner` is among the owner references of `obj`."""
    references = obj["metadata"].get("ownerReferences", ())
    return any(r["uid"] == owner["metadata"]["uid"] for r in references)


def label(obj: Obj, key: str) -> str:
    """A label's value, or the empty string."""
    return str((obj.get("metadata", {}).get("labels") or {}).get(key, ""))


def version_of(pod: Obj) -> str:
    """The version that a pod runs, from its label."""
    return label(pod, VERSION_LABEL)


def condition(obj: Obj, kind: str) -> Obj:
    """The status condition of that type, or an empty dict."""
    conditions: Sequence[Obj] = obj.get("status", {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] == kind), {})


def is_ready(pod: Obj) -> bool:
    """Whether the pod takes requests: ready, and not on its way out."""
    going = bool(pod["metadata"].get("deletionTimestamp"))
    return not going and condition(pod, "Ready").get("status") == "True"


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a pod: what was asked for (`spec`) and what became of it (`status`)."""

    name: str
    spec: Obj
    status: Obj
    is_init: bool

    @property
    def waiting(self) -> Obj:
        """Why it does not run yet: reason and message."""
        return (self.status.get("state") or {}).get("waiting") or {}

    @property
    def running(self) -> Obj | None:
        """Since when it runs, or None."""
        return (self.status.get("state") or {}).get("running")

    @property
    def ended(self) -> Obj | None:
        """Its latest end: the present one, else that of the instance before."""
        now = (self.status.get("state") or {}).get("terminated")
        return now or (self.status.get("lastState") or {}).get("terminated")

    @property
    def has_ended_now(self) -> bool:
        """Whether the present instance has ended and none runs yet in its place."""
        return bool((self.status.get("state") or {}).get("terminated"))

    @property
    def ends(self) -> int:
        """How often it has ended when it should have run on."""
        restarts = int(self.status.get("restartCount", 0))
        state = (self.status.get("state") or {}).get("terminated")
        if state is None or (self.is_init and state.get("exitCode") == 0):
            return restarts
        return restarts + 1


def containers(pod: Obj) -> Iterator[Container]:
    """The pod's containers in the order in which the kubelet starts them."""
    for specs, statuses, is_init in (
        ("initContainers", "initContainerStatuses", True),
        ("containers", "containerStatuses", False),
    ):
        known = {s["name"]: s for s in pod.get("status", {}).get(statuses) or ()}
        for spec in pod["spec"].get(specs) or ():
            status = known.get(spec["name"], {})
            yield Container(name=spec["name"], spec=spec, status=status, is_init=is_init)


def events_about(events: Sequence[Obj], obj: Obj) -> list[Obj]:
    """Those events that are about `obj`, oldest first."""
    return [e for e in events if e["involvedObject"].get("uid") == obj["metadata"]["uid"]]


def event_time(event: Obj) -> str:
    """When the event was last seen, sortable; empty where it does not say."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next((t for t in times if t), ""))


def parse_time(text: str | None) -> datetime | None:
    """A Kubernetes time stamp as an aware datetime; None where there is none."""
    if not text:
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _revision(replica_set: Obj) -> int:
    annotations = replica_set["metadata"].get("annotations") or {}
    return int(annotations.get(REVISION, 0))
