"""Reading what a roll-out needs from the API server, in as few requests as will do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lightkube import ApiError, Client
from lightkube.resources.apps_v1 import Deployment, ReplicaSet
from lightkube.resources.core_v1 import Event, Pod, PodLog

from ekiben.rollout.cause import Cause
from ekiben.rollout.connection import FAULTS, status_of
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
# Events are read for this many replicas that are not ready; more would say the same.
_EVENTS_FOR = 3


@dataclass(kw_only=True)
class Reader:
    """Reads one target again and again.

    ReplicaSets change seldom: they are read again when the Deployment's generation, its
    conditions or the events are of interest. Events are read only about what stalls.
    """

    client: Client
    target: Target
    _sets: list[dict[str, Any]] = field(default_factory=list)
    _generation: object = None
    _events: list[dict[str, Any]] = field(default_factory=list)

    def read(self, *, closely: bool) -> tuple[Snapshot, View] | None:
        """One reading, or None where there is no such Deployment; `closely`: with the events."""
        namespace, name = self.target.namespace, self.target.deployment
        try:
            deployment = self.client.get(Deployment, name, namespace=namespace).to_dict()
        except ApiError as error:
            if error.status.code == 404:
                return None
            raise
        labels = deployment["spec"]["selector"].get("matchLabels") or {}
        if closely or self._generation != _generation(deployment):
            found = self.client.list(ReplicaSet, namespace=namespace, labels=labels)
            self._sets = [s.to_dict() for s in found]
            self._generation = _generation(deployment)
        pods = [p.to_dict() for p in self.client.list(Pod, namespace=namespace, labels=labels)]
        first = self._sorted(deployment, pods)
        if closely:
            self._events = self._events_about(_stalled(first[1]))
            return self._sorted(deployment, pods)
        return first

    def logs(self, cause: Cause) -> list[str]:
        """The last log lines of the container at fault; empty where there are none to be had."""
        if not cause.container:
            return []
        for previous in (cause.previous, not cause.previous):
            try:
                lines = _log_lines(self.client, self.target.namespace, cause, previous)
            except FAULTS:
                # The kubelet has cleared that instance away, or does not answer: no logs then.
                continue
            if lines or previous is not cause.previous:
                return lines
        return []

    def _sorted(self, deployment: Obj, pods: list[dict[str, Any]]) -> tuple[Snapshot, View]:
        snapshot = Snapshot(
            deployment=deployment, replica_sets=self._sets, pods=pods, events=self._events
        )
        return snapshot, view(snapshot, self.target.version)

    def _events_about(self, objects: Iterable[Obj]) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        for obj in objects:
            about = {"involvedObject.uid": obj["metadata"]["uid"]}
            found = self.client.list(Event, namespace=self.target.namespace, fields=about)
            events += [event.to_dict() for event in found]
        return events


def carries(client: Client, namespace: str, deployment: str) -> str | None:
    """The version that a Deployment's pods are to run; None where there is no such Deployment.

    Raises RolloutError where the API server cannot be asked.
    """
    try:
        found = client.get(Deployment, deployment, namespace=namespace).to_dict()
    except FAULTS as error:
        if status_of(error) == 404:
            return None
        raise RolloutError(
            f"cannot read Deployment {deployment} in namespace {namespace}: {error}. See that the "
            "cluster is up and the kubeconfig's credentials are valid."
        ) from error
    return label(found["spec"]["template"], VERSION_LABEL)


def _generation(deployment: Obj) -> tuple[object, object]:
    seen = (deployment.get("status") or {}).get("observedGeneration")
    return deployment["metadata"].get("generation"), seen


def _stalled(seen: View) -> list[Obj]:
    """The new replicas that are not ready, and the ReplicaSet where it cannot make its pods."""
    pods = [pod for pod in seen.new if not is_ready(pod)][:_EVENTS_FOR]
    failing = seen.new_set is not None and condition(seen.new_set, "ReplicaFailure")
    return [*pods, seen.new_set] if failing and seen.new_set is not None else pods


def _log_lines(client: Client, namespace: str, cause: Cause, previous: bool) -> list[str]:
    """As `Client.log`, which knows no `previous`."""
    inner = client._client
    request = inner.prepare_request(
        "get",
        PodLog,
        name=cause.pod,
        namespace=namespace,
        params={"container": cause.container, "tailLines": LOG_LINES, "previous": previous},
    )
    response = inner.send(inner.build_adapter_request(request))
    inner.raise_for_status(response)  # type: ignore[no-untyped-call]
    return str(response.text).splitlines()[-LOG_LINES:]
