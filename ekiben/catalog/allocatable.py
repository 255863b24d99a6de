"""What pods may use of a node: its capacity less what system, kubelet and daemons keep of it.

The numbers are Karpenter's, so that a pod that is said to fit is one that it makes a node for:
github.com/aws/karpenter-provider-aws v1.15.1, pkg/providers/instancetype/types.go (functions
`memory`, `pods`, `kubeReservedResources`, `evictionThreshold`). The node itself reserves by the
same rules (nodeadm of github.com/awslabs/amazon-eks-ami), but tends to have more memory than
Karpenter assumes: a pod that fits here fits there too.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .instances import InstanceType

MIB = 1 << 20
VM_MEMORY_OVERHEAD = 0.075
"""Karpenter's `vm-memory-overhead-percent`: what it takes the hypervisor to keep of the memory."""

ARM_RESERVED_MIB = 64
"""Memory that Graviton's kernel sets aside (`memory` in Karpenter's types.go)."""

EVICTION_MIB = 100
"""The kubelet evicts pods when less than this is free: `memory.available` of the EKS images."""

CPU_LADDER = ((1000, 600), (1000, 100), (2000, 50), (None, 25))
"""Steps of millicores, from the first core on, and how many of 10,000 the kubelet keeps of each."""

Image = Literal["al2023", "bottlerocket"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a pod asks for, as the scheduler counts it."""

    cpu: int
    """Thousandths of a core."""

    memory: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Allocatable:
    """What is left for pods of ours."""

    cpu: int
    """Thousandths of a core; never below 0, as none of the others."""

    memory: int
    """Bytes."""

    pods: int
    gpus: int
    """Whole NVIDIA GPUs."""

    neurons: int
    """Neuron devices."""


def allocatable(
    instance_type: InstanceType,
    *,
    daemons: Iterable[Request] = (),
    max_pods: int | None = None,
    image: Image = "al2023",
    vm_memory_overhead: float = VM_MEMORY_OVERHEAD,
) -> Allocatable:
    """What pods may use of a node of this type, once one pod of each daemon runs there.

    `max_pods` is the kubelet's own limit where one is set. Bottlerocket reserves memory for that
    many pods, Amazon Linux for as many as get an address, whatever the limit.
    """
    taken = list(daemons)
    pods = instance_type.max_pods if max_pods is None else max_pods
    counted = pods if image == "bottlerocket" else instance_type.max_pods
    reserved = kube_reserved_memory_mib(counted) + EVICTION_MIB
    memory = memory_capacity_mib(instance_type, vm_memory_overhead) - reserved
    cpu = 1000 * instance_type.vcpus - kube_reserved_cpu(instance_type.vcpus)
    neuron = instance_type.accelerator == "neuron"
    return Allocatable(
        cpu=max(0, cpu - sum(daemon.cpu for daemon in taken)),
        memory=max(0, memory * MIB - sum(daemon.memory for daemon in taken)),
        pods=max(0, pods - len(taken)),
        gpus=0 if neuron else instance_type.accelerators,
        neurons=instance_type.accelerators if neuron else 0,
    )


def memory_capacity_mib(
    instance_type: InstanceType, vm_memory_overhead: float = VM_MEMORY_OVERHEAD
) -> int:
    """Memory that Karpenter expects the node to report."""
    arm = instance_type.architecture == "arm64"
    size = instance_type.memory_mib - (ARM_RESERVED_MIB if arm else 0)
    # In floats and this order, as Karpenter's: it decides where the product is nearly whole.
    return size - math.ceil(float(size * MIB) * vm_memory_overhead / 1024 / 1024)


def kube_reserved_memory_mib(max_pods: int) -> int:
    return 255 + 11 * max_pods


def kube_reserved_cpu(vcpus: int) -> int:
    """Millicores: 6 % of the first core, 1 % of the second, 0.5 % of the next two, then 0.25 %."""
    left, reserved = 1000 * vcpus, 0
    for step, share in CPU_LADDER:
        part = left if step is None else min(left, step)
        reserved += part * share // 10_000
        left -= part
    return reserved


def managed_pods(instance_type: InstanceType) -> int:
    """Pods of a node in a managed group without an image of one's own: EKS caps them.

    At 110 below 30 vCPUs, else at 250 ("How maxPods is determined" in the EKS user guide).
    """
    return min(instance_type.max_pods, 110 if instance_type.vcpus < 30 else 250)
