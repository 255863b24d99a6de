"""Asking the cluster's API server, and placing objects there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
from lightkube import ApiError, Client, KubeConfig, codecs
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Node, Pod

FIELD_MANAGER = "ekiben-local"


def client(kubeconfig: Path) -> Client:
    """A client of the API server, straight: no proxy is between a machine and its own cluster."""
    config = KubeConfig.from_file(kubeconfig).get()
    return Client(
        config=config, trust_env=False, field_manager=FIELD_MANAGER, timeout=httpx2.Timeout(10)
    )


def apply(kube: Client, objects: Iterable[dict[str, Any]]) -> None:
    """Place objects by server-side apply; equal ones change nothing."""
    for document in objects:
        kube.apply(codecs.from_dict(document), force=True)


def node_trouble(kube: Client, name: str, since: float = 0.0) -> str | None:
    """Why the node is not Ready; None when it is.

    A report from before `since` (Unix time) is of an earlier life of the node, and does not count.
    """
    try:
        status = kube.get(Node, name=name).status
    except (ApiError, httpx2.HTTPError) as error:
        return f"node {name}: {error}"
    for condition in (status and status.conditions) or []:
        beat = condition.lastHeartbeatTime
        # The API server keeps whole seconds.
        if condition.type == "Ready" and beat and beat.timestamp() >= int(since):
            return None if condition.status == "True" else str(condition.message)
    return f"node {name} has not reported yet"


def deployment_trouble(kube: Client, namespace: str, name: str) -> str | None:
    """Why a Deployment does not serve as declared; None when it does."""
    try:
        found = kube.get(Deployment, name=name, namespace=namespace)
    except (ApiError, httpx2.HTTPError) as error:
        return f"{namespace}/{name}: {error}"
    wanted = (found.spec and found.spec.replicas) or 0
    status = found.status
    seen = status is not None and status.observedGeneration == _metadata(found).generation
    if status is not None and seen and (status.availableReplicas or 0) >= wanted:
        return None
    return f"{namespace}/{name}: {(status and status.availableReplicas) or 0} of {wanted} ready"


def pods_not_ready(kube: Client) -> list[str]:
    """Pods of all namespaces that should serve and do not, each with its reason."""
    return [
        f"{_metadata(pod).namespace}/{_metadata(pod).name}: {trouble}"
        for pod in kube.list(Pod, namespace="*")
        if (trouble := _pod_trouble(pod))
    ]


def _metadata(found: Deployment | Pod) -> ObjectMeta:
    """The API server leaves no object without."""
    return found.metadata or ObjectMeta()


def _pod_trouble(pod: Any) -> str | None:
    if pod.metadata.deletionTimestamp or pod.status.phase == "Succeeded":
        return None
    ready = [c for c in pod.status.conditions or [] if c.type == "Ready"]
    if ready and ready[0].status == "True":
        return None
    for container in pod.status.containerStatuses or []:
        if container.state and container.state.waiting:
            return str(container.state.waiting.reason)
    return str((ready and ready[0].reason) or pod.status.phase)


def version(kube: Client, node: str) -> dict[str, str]:
    """What the node runs, as it reports itself."""
    status = kube.get(Node, name=node).status
    info = status.nodeInfo if status else None
    if info is None:
        return {}
    return {
        "kubelet": info.kubeletVersion,
        "container runtime": info.containerRuntimeVersion,
        "kernel": info.kernelVersion,
        "operating system": info.osImage,
    }
