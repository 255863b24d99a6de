"""The nodes of managed node groups, as EKS's images register them; KWOK then keeps them Ready."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

from lightkube import ApiError, Client
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.operators import exists
from lightkube.resources.core_v1 import Node, Pod
from lightkube.types import PatchType

from ekiben.catalog.allocatable import MIB, allocatable, managed_pods, memory_capacity_mib
from ekiben.catalog.instances import InstanceType, instance_types
from ekiben.plan.placement import DEVICES

Document = dict[str, Any]

GROUP = "eks.amazonaws.com/nodegroup"
EFFECTS = {
    "NO_SCHEDULE": "NoSchedule",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
    "NO_EXECUTE": "NoExecute",
}
THERE = {"ACTIVE", "UPDATING", "DEGRADED"}
"""Statuses of a group whose nodes are there."""


def wanted(region: str, groups: list[Document]) -> dict[str, Document]:
    """Nodes by name, of groups as `tests/aws/eks/inside.py` shows them."""
    there = [group for group in groups if group["status"] in THERE]
    nodes = [node for group in there for node in _nodes(region, group)]
    return {node["metadata"]["name"]: node for node in nodes}


def _nodes(region: str, group: Document) -> Iterator[Document]:
    """Each in one of the group's zones in turn, of the first of its types."""
    for index in range(group["scalingConfig"]["desiredSize"]):
        yield _node(region, group, index)


def _node(region: str, group: Document, index: int) -> Document:
    kind = instance_types()[group["instanceTypes"][0]]
    zone = group["zones"][index % len(group["zones"])]
    digest = hashlib.sha256(f"{group['nodegroupArn']}/{index}".encode()).digest()
    address = ".".join(str(part) for part in (10, *digest[:3]))
    name = f"ip-{address.replace('.', '-')}.{region}.compute.internal"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": _labels(region, zone, name, kind, group)},
        "spec": {
            "providerID": f"aws:///{zone}/i-{digest.hex()[:17]}",
            "taints": [_taint(each) for each in group.get("taints", [])],
        },
        "status": {
            "capacity": _capacity(kind, group),
            "allocatable": _allocatable(kind, group),
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "InternalDNS", "address": name},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": _info(kind, group),
        },
    }


def _labels(
    region: str, zone: str, name: str, kind: InstanceType, group: Document
) -> dict[str, str]:
    template = group.get("launchTemplate")
    source = (
        {
            "eks.amazonaws.com/sourceLaunchTemplateId": template["id"],
            "eks.amazonaws.com/sourceLaunchTemplateVersion": template["version"],
        }
        if template
        else {}
    )
    return {
        **group["labels"],
        **source,
        GROUP: group["nodegroupName"],
        "eks.amazonaws.com/capacityType": group["capacityType"],
        "node.kubernetes.io/instance-type": kind.name,
        "kubernetes.io/arch": kind.architecture,
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
    }


def _taint(given: Mapping[str, str]) -> dict[str, str]:
    return {**given, "effect": EFFECTS[given["effect"]]}


def _info(kind: InstanceType, group: Document) -> dict[str, str]:
    empty = ("bootID", "kernelVersion", "kubeProxyVersion", "machineID", "osImage", "systemUUID")
    return {
        **dict.fromkeys(empty, ""),
        "containerRuntimeVersion": "kwok",
        "architecture": kind.architecture,
        "operatingSystem": "linux",
        "kubeletVersion": f"v{group['releaseVersion'].partition('-')[0]}-eks",
    }


def _allocatable(kind: InstanceType, group: Document) -> dict[str, str]:
    found = allocatable(kind, max_pods=managed_pods(kind))
    return {
        "cpu": f"{found.cpu}m",
        "memory": str(found.memory),
        "pods": str(found.pods),
        "ephemeral-storage": f"{group['volumeSize']}Gi",
        **_devices(kind),
    }


def _capacity(kind: InstanceType, group: Document) -> dict[str, str]:
    return {
        "cpu": str(kind.vcpus),
        "memory": str(memory_capacity_mib(kind) * MIB),
        "pods": str(managed_pods(kind)),
        "ephemeral-storage": f"{group['volumeSize']}Gi",
        **_devices(kind),
    }


def _devices(kind: InstanceType) -> dict[str, str]:
    """As if the device plugin had told of them: no pod of KWOK's does anything."""
    return {DEVICES[kind.accelerator]: str(kind.accelerators)} if kind.accelerator else {}


class Nodes:
    """Those on an API server, kept as they are wanted."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, Document] = {}

    def match(self, nodes: Mapping[str, Document]) -> None:
        """Make, change and remove nodes until there are these, and no others of a group."""
        listed = self._client.list(Node, labels={GROUP: exists()})
        there = {str(node.metadata and node.metadata.name) for node in listed}
        for name in there - nodes.keys():
            self._remove(name)
        for name, node in nodes.items():
            if name not in there:
                self._client.create(cast("Node", Node.from_dict(node)))
            elif node != self._known[name]:
                self._change(name, self._known[name], node)
            self._known[name] = node

    def _change(self, name: str, before: Document, after: Document) -> None:
        """EKS changes labels and taints of nodes that are there."""
        gone = before["metadata"]["labels"].keys() - after["metadata"]["labels"].keys()
        labels = {**dict.fromkeys(gone), **after["metadata"]["labels"]}
        patch = {"metadata": {"labels": labels}, "spec": {"taints": after["spec"]["taints"]}}
        self._client.patch(Node, name, patch, patch_type=PatchType.MERGE)

    def _remove(self, name: str) -> None:
        """With its pods: else Kubernetes takes a minute to see that they are gone."""
        self._client.delete(Node, name)
        for pod in self._client.list(Pod, namespace="*", fields={"spec.nodeName": name}):
            self._end(pod.metadata or ObjectMeta())

    def _end(self, pod: ObjectMeta) -> None:
        try:
            self._client.delete(Pod, str(pod.name), namespace=pod.namespace, grace_period=0)
        except ApiError as error:
            if error.status.code != 404:  # KWOK is as quick
                raise
