"""What a node group is made of, derived from its instance types: image, labels, taints, disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ekiben.catalog.instances import InstanceType
from ekiben.plan.labels import NODE_GROUP
from ekiben.plan.placement import DEVICES
from ekiben.spec.nodes import Disk, NodeGroup
from ekiben.spec.values import bytes_of

_IMAGES = {
    ("amd64", None): "AL2023_x86_64_STANDARD",
    ("arm64", None): "AL2023_ARM_64_STANDARD",
    ("amd64", "nvidia"): "AL2023_x86_64_NVIDIA",
    ("arm64", "nvidia"): "AL2023_ARM_64_NVIDIA",
    ("amd64", "neuron"): "AL2023_x86_64_NEURON",
}
"""EKS's words for AWS's machine images."""

FAST_THROUGHPUT = 600
"""MiB a second, from which on pulling an image's layers in parallel is faster than one by one
(https://github.com/awslabs/soci-snapshotter/blob/main/docs/parallel-mode.md)."""

_PLAIN_THROUGHPUT = 125

SYSTEM = "system"
SYSTEM_TAINT = {"key": "CriticalAddonsOnly", "value": "true", "effect": "NoSchedule"}


@dataclass(frozen=True, kw_only=True)
class Group:
    """A node group decided, whoever starts its nodes."""

    name: str
    instance_types: tuple[str, ...]
    architecture: str
    accelerator: str | None
    image: str
    labels: Mapping[str, str]
    taints: Sequence[Mapping[str, str]]
    disk: Mapping[str, Any]
    """`volumeSize` in GiB, `volumeType`, `iops`, `throughput` in MiB a second, as EBS has them."""

    local_disks: bool
    """Whether every type has NVMe disks of its own, which then hold images and pods' files."""

    fast_pulls: bool
    """Whether layers are pulled in parallel."""


def group(name: str, spec: NodeGroup, known: Mapping[str, InstanceType]) -> Group:
    """The group `name`. Its types are all known, of one architecture and one accelerator."""
    types = [known[each] for each in spec.instance_types]
    first = types[0]
    disk = volume(spec.disk, first.accelerator)
    return Group(
        name=name,
        instance_types=tuple(spec.instance_types),
        architecture=first.architecture,
        accelerator=first.accelerator,
        image=_IMAGES[first.architecture, first.accelerator],
        labels={**spec.labels, NODE_GROUP: name},
        taints=[*_guard(first.accelerator), *(taint.model_dump() for taint in spec.taints)],
        disk=disk,
        local_disks=all(each.local_disk_gb for each in types),
        fast_pulls=disk.get("throughput", 0) >= FAST_THROUGHPUT,
    )


def _guard(accelerator: str | None) -> list[Mapping[str, str]]:
    """Nodes with accelerators hold only pods that use them."""
    if accelerator is None:
        return []
    return [{"key": DEVICES[accelerator], "value": "present", "effect": "NoSchedule"}]


def volume(disk: Disk, accelerator: str | None) -> dict[str, Any]:
    size = bytes_of(disk.size) >> 30
    if disk.type != "gp3":
        return {"volumeSize": size, "volumeType": disk.type, "iops": disk.iops}
    usual = FAST_THROUGHPUT if accelerator else _PLAIN_THROUGHPUT
    throughput = disk.throughput or usual
    # gp3 gives at most a quarter of a MiB a second for each operation a second.
    return {
        "volumeSize": size,
        "volumeType": disk.type,
        "iops": max(disk.iops, 4 * throughput),
        "throughput": throughput,
    }


NODE_CONFIG = """\
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  featureGates:
    FastImagePull: true
"""
"""What AL2023's nodeadm is told of nodes with fast pulls."""
