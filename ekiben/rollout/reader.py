"""Reading what a roll-out needs from the API server, in as few requests as will do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ekiben.rollout import supervisor
from ekiben.rollout.api import Api
from ekiben.rollout.cause import Cause
from ekiben.rollout.faults import FAULTS
from ekiben.rollout.snapshot import (
    VERSION_LABEL,
    Obj,
    Snapshot,
    View,
    condition,
    is_ready,
    label,
    view,
)
from ekiben.rollout.target import RolloutError, Target

LOG_LINES = 20
_READ_LINES = 100
# The kubelet says this with status 200, as if it were a log, when an instance is cleared away.
_NO_LOGS = "unable to retrieve container logs"
# Events are read for this many replicas that are not ready; more would say the same.
_EVENTS_FOR = 3


@dataclass(kw_only=True)
class Reader:
    """Reads one target again and again.

    ReplicaSets change seldom: they are read again when the Deployment's generation moves or a
    close look is asked for. Events are read only then, and only about what stalls.
    """

    api: Api
    target: Target
    _sets: list[dict[str, Any]] = field(default_factory=list)
    _generation: object = None
    _events: list[dict[str, Any]] = field(default_factory=list)

    def read(self, *, closely: bool) -> tuple[Snapshot, View] | None:
        """One reading, or None where there is no such Deployment; `closely`: with the events."""
        namespace = self.target.namespace
        deployment = self.api.get("Deployment", namespace, self.target.deployment)
        if deployment is None:
            return None
        chosen = deployment["spec"]["selector"].get("matchLabels") or {}
        labels = ",".join(f"{key}={value}" for key, value in chosen.items())
        if closely or self._generation != _generation(deployment):
            self._sets = self.api.items("ReplicaSet", namespace, labels=labels)
            self._generation = _generation(deployment)
        pods = self.api.items("Pod", namespace, labels=labels)
        if closely:
            _, first = self._sorted(deployment, pods)
            self._events = self._events_about(_stalled(first))
        return self._sorted(deployment, pods)

    def logs(self, cause: Cause) -> list[str]:
        """The last log lines of the container at fault; empty where there are none to be had."""
        if not cause.container:
            return []
        wanted = self._log_lines(cause, cause.previous)
        return wanted or self._log_lines(cause, not cause.previous)

    def _sorted(self, deployment: Obj, pods: list[dict[str, Any]]) -> tuple[Snapshot, View]:
        snapshot = Snapshot(
            deployment=deployment, replica_sets=self._sets, pods=pods, events=self._events
        )
        return snapshot, view(snapshot, self.target.version)

    def _events_about(self, objects: Iterable[Obj]) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        for obj in objects:
            about = f"involvedObject.uid={obj['metadata']['uid']}"
            events += self.api.items("Event", self.target.namespace, fields=about)
        return events

    def _log_lines(self, cause: Cause, previous: bool) -> list[str]:
        try:
            lines = self.api.logs(
                self.target.namespace,
                cause.pod,
                container=cause.container,
                previous=previous,
                lines=_READ_LINES,
            )
        except FAULTS:
            # There never was such an instance, or the kubelet does not answer: no logs then.
            return []
        if lines and lines[0].startswith(_NO_LOGS):
            return []
        return supervisor.without(lines)[-LOG_LINES:]


def carries(api: Api, namespace: str, deployment: str) -> str | None:
    """The version that a Deployment's pods are to run; None where there is no such Deployment.

    Raises RolloutError where the API server cannot be asked.
    """
    try:
        found = api.get("Deployment", namespace, deployment)
    except FAULTS as error:
        raise RolloutError(
            f"cannot read Deployment {deployment} in namespace {namespace}: {error}. See that the "
            "cluster is up and the kubeconfig's credentials are valid."
        ) from error
    return label(found["spec"]["template"], VERSION_LABEL) if found else None


def _generation(deployment: Obj) -> tuple[object, object]:
    seen = (deployment.get("status") or {}).get("observedGeneration")
    return deployment["metadata"].get("generation"), seen


def _stalled(seen: View) -> list[Obj]:
    """The new replicas that are not ready, and the ReplicaSet where it cannot make its pods."""
    pods = [pod for pod in seen.new if not is_ready(pod)][:_EVENTS_FOR]
    failing = seen.new_set is not None and condition(seen.new_set, "ReplicaFailure")
    return [*pods, seen.new_set] if failing and seen.new_set is not None else pods
