"""What pods may use of a node: the figures that Karpenter's own documentation prints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.catalog.allocatable import (
    MIB,
    Request,
    allocatable,
    kube_reserved_cpu,
    managed_pods,
    memory_capacity_mib,
)
from ekiben.catalog.instances import InstanceType, instance_types

TYPES = instance_types()
types = st.sampled_from(list(TYPES.values()))
requests = st.builds(
    Request, cpu=st.integers(0, 2_000), memory=st.integers(0, 4096).map(lambda mib: mib * MIB)
)

DOCUMENTED = [
    # instance type, millicores, memory in MiB, pods, GPUs, Neuron devices
    ("t3.nano", 1930, 74, 4, 0, 0),
    ("m5.large", 1930, 6903, 29, 0, 0),
    ("m5.24xlarge", 95690, 355262, 737, 0, 0),
    ("c6g.medium", 940, 1392, 8, 0, 0),
    ("m7g.large", 1930, 6844, 29, 0, 0),
    ("g6.xlarge", 3920, 14162, 58, 1, 0),
    ("p5.48xlarge", 191450, 1938410, 100, 8, 0),
    ("inf2.xlarge", 3920, 14162, 58, 0, 1),
    ("trn1.32xlarge", 127610, 481894, 247, 0, 16),
]
"""From the reference of instance types in Karpenter's documentation (v1.14, AL2023)."""


@pytest.mark.parametrize(("name", "cpu", "memory", "pods", "gpus", "neurons"), DOCUMENTED)
def test_it_is_what_karpenter_documents(
    name: str, cpu: int, memory: int, pods: int, gpus: int, neurons: int
) -> None:
    node = allocatable(TYPES[name])
    assert (node.cpu, node.memory) == (cpu, memory * MIB)
    assert (node.pods, node.gpus, node.neurons) == (pods, gpus, neurons)


@pytest.mark.parametrize(
    ("vcpus", "milli"), [(1, 60), (2, 70), (4, 80), (8, 90), (16, 110), (32, 150), (96, 310)]
)
def test_the_kubelet_keeps_less_of_each_further_core(vcpus: int, milli: int) -> None:
    assert kube_reserved_cpu(vcpus) == milli


def test_daemons_take_their_share_and_a_pod_each() -> None:
    daemons = [Request(cpu=100, memory=128 * MIB), Request(cpu=50, memory=64 * MIB)]
    alone, beside = allocatable(TYPES["m5.large"]), allocatable(TYPES["m5.large"], daemons=daemons)
    assert alone.cpu - beside.cpu == 150
    assert alone.memory - beside.memory == 192 * MIB
    assert alone.pods - beside.pods == 2


def test_a_limit_of_pods_frees_memory_on_bottlerocket_only() -> None:
    big = TYPES["m5.24xlarge"]
    free = allocatable(big).memory
    assert allocatable(big, max_pods=110).memory == free
    limited = allocatable(big, max_pods=110, image="bottlerocket")
    assert (limited.pods, limited.memory - free) == (110, 11 * (737 - 110) * MIB)
    assert allocatable(big, image="bottlerocket").memory == free


def test_the_overhead_of_the_hypervisor_can_be_another() -> None:
    large = TYPES["m5.large"]
    assert memory_capacity_mib(large) == 8192 - 615
    assert memory_capacity_mib(large, vm_memory_overhead=0) == 8192
    assert allocatable(large, vm_memory_overhead=0).memory == (6903 + 615) * MIB


@pytest.mark.parametrize(
    ("name", "pods"), [("m5.large", 29), ("m5.4xlarge", 110), ("m5.24xlarge", 250)]
)
def test_managed_groups_cap_their_pods(name: str, pods: int) -> None:
    assert managed_pods(TYPES[name]) == pods


@given(types, st.lists(requests, max_size=8))
def test_less_than_the_capacity_is_left_and_never_less_than_nothing(
    of: InstanceType, daemons: list[Request]
) -> None:
    node = allocatable(of, daemons=daemons)
    assert 0 <= node.cpu < 1000 * of.vcpus
    assert 0 <= node.memory < memory_capacity_mib(of) * MIB
    assert 0 <= node.pods <= of.max_pods
    assert node.gpus + node.neurons == of.accelerators


@given(types, st.lists(requests, max_size=8), requests)
def test_one_daemon_more_leaves_no_more(
    of: InstanceType, daemons: list[Request], more: Request
) -> None:
    before, after = allocatable(of, daemons=daemons), allocatable(of, daemons=[*daemons, more])
    assert after.cpu <= before.cpu
    assert after.memory <= before.memory
    assert after.pods <= before.pods
    assert (after.gpus, after.neurons) == (before.gpus, before.neurons)
