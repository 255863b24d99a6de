"""Which node groups can hold a replica, and what is said where none can."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.catalog.allocatable import MIB, Request, allocatable
from ekiben.catalog.instances import instance_types
from ekiben.spec.fit import Fit, Group, Miss, Replica, Shortfall, fit, gpu_shares

TYPES = instance_types()
GIB = 1 << 30
SMALL = Replica(cpu=500, memory=GIB)


def group(name: str, *types: str, shares: int | None = None, daemons: int = 0) -> Group:
    """A group; each of its daemons asks for a tenth of a core and 128 MiB."""
    pods = (Request(cpu=100, memory=128 * MIB),) * daemons
    of = tuple(TYPES[name] for name in types)
    return Group(name=name, types=of, gpu_shares=shares, daemons=pods)


CPU = group("cpu", "m7i.large", "m7a.large")
GPU = group("gpu", "g6.xlarge", "g6.48xlarge")
SHARED = group("shared", "g6.xlarge", shares=4)
NEURON = group("neuron", "inf2.xlarge")
ALL = (CPU, GPU, SHARED, NEURON)


def test_a_small_replica_fits_everywhere() -> None:
    assert fit(ALL, SMALL) == Fit(groups=("cpu", "gpu", "shared", "neuron"), misses=())
    assert fit(ALL, SMALL).refusal is None


@pytest.mark.parametrize(
    ("replica", "groups"),
    [
        (replace(SMALL, gpu=Fraction(1)), ("gpu", "shared")),
        (replace(SMALL, gpu=Fraction(8)), ("gpu",)),
        (replace(SMALL, gpu=Fraction(1, 4)), ("shared",)),
        (replace(SMALL, neuron=1), ("neuron",)),
        (replace(SMALL, memory=8 * GIB), ("gpu", "shared", "neuron")),
        (replace(SMALL, cpu=4000), ("gpu",)),
    ],
    ids=str,
)
def test_what_is_asked_for_decides_on_the_groups(replica: Replica, groups: tuple[str, ...]) -> None:
    found = fit(ALL, replica)
    assert found.groups == groups
    assert {miss.group for miss in found.misses} == {of.name for of in ALL} - {*groups}


def test_a_type_that_fits_is_enough_for_its_group() -> None:
    replica = replace(SMALL, memory=100 * GIB)
    assert fit([group("one", "g6.xlarge")], replica).groups == ()
    assert fit([group("two", "g6.xlarge", "g6.48xlarge")], replica).groups == ("two",)


FAULTS = [
    (
        "9 GPUs on types of 8",
        (CPU, GPU),
        replace(SMALL, gpu=Fraction(9)),
        "g6.48xlarge of node group 'gpu' comes closest (gpu: 9 wanted, 8 free)",
    ),
    (
        "a part of a GPU where none is shared",
        (CPU, GPU),
        replace(SMALL, gpu=Fraction(1, 4)),
        "g6.xlarge of node group 'gpu' comes closest (gpu: 0.25 wanted, and it has no gpu_sharing)",
    ),
    (
        "a GPU on a CPU group",
        (CPU,),
        replace(SMALL, gpu=Fraction(1)),
        "m7a.large of node group 'cpu' comes closest (gpu: 1 wanted, 0 free)",
    ),
    (
        "a part of a GPU on a CPU group",
        (CPU,),
        replace(SMALL, gpu=Fraction(1, 4)),
        "m7a.large of node group 'cpu' comes closest (gpu: 0.25 wanted, 0 free)",
    ),
    (
        "a Neuron device on GPU nodes",
        (GPU,),
        replace(SMALL, neuron=1),
        "g6.xlarge of node group 'gpu' comes closest (neuron: 1 wanted, 0 free)",
    ),
    (
        "GPUs and Neuron devices at once",
        (GPU, NEURON),
        replace(SMALL, gpu=Fraction(1), neuron=1),
        "g6.xlarge of node group 'gpu' comes closest (neuron: 1 wanted, 0 free)",
    ),
    (
        "all the memory that a type has",
        (CPU,),
        replace(SMALL, memory=8 * GIB),
        "m7a.large of node group 'cpu' comes closest (memory: 8Gi wanted, 6.74Gi free)",
    ),
    (
        "more of everything",
        (CPU,),
        Replica(cpu=2500, memory=16 * GIB),
        "m7a.large of node group 'cpu' comes closest"
        " (cpu: 2500m wanted, 1930m free; memory: 16Gi wanted, 6.74Gi free)",
    ),
    (
        "a node full of daemons",
        (group("tiny", "t3.nano", daemons=4),),
        Replica(cpu=100, memory=64 * MIB),
        "t3.nano of node group 'tiny' comes closest"
        " (memory: 64Mi wanted, 0Mi free; pods: 1 wanted, 0 free)",
    ),
]


@pytest.mark.parametrize(
    ("groups", "replica", "closest"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_where_none_can_the_closest_type_is_told_with_the_numbers(
    groups: tuple[Group, ...], replica: Replica, closest: str
) -> None:
    assert fit(groups, replica).refusal == f"no node can fit a replica: {closest}"


def test_the_right_accelerator_comes_before_the_smaller_shortfall() -> None:
    replica = Replica(cpu=1000, memory=500 * GIB, gpu=Fraction(1))
    groups = [group("big", "r7i.24xlarge"), group("gpu", "g6.xlarge")]
    assert [miss.instance_type for miss in fit(groups, replica).misses] == [
        "g6.xlarge",
        "r7i.24xlarge",
    ]


def test_the_closest_type_is_the_one_whose_worst_lack_is_least() -> None:
    """The one lacks half of the cores and little memory, the other more than half of the memory."""
    replica = Replica(cpu=8000, memory=30 * GIB)
    (miss,) = fit([group("mixed", "c7i.2xlarge", "r7i.xlarge")], replica).misses
    assert miss.instance_type == "r7i.xlarge"


def test_a_group_without_types_holds_nothing() -> None:
    assert fit([], SMALL).refusal == "no node can fit a replica"
    assert fit([group("none")], SMALL).refusal == "no node can fit a replica"


def test_daemons_take_the_room_of_a_replica() -> None:
    node = allocatable(TYPES["m7i.large"])
    replica = Replica(cpu=node.cpu, memory=node.memory)
    assert fit([group("bare", "m7i.large")], replica).groups == ("bare",)
    assert fit([group("busy", "m7i.large", daemons=1)], replica).misses == (
        Miss(
            group="busy",
            instance_type="m7i.large",
            shortfalls=(
                Shortfall(resource="cpu", wanted=Fraction(node.cpu), free=Fraction(node.cpu - 100)),
                Shortfall(
                    resource="memory",
                    wanted=Fraction(node.memory),
                    free=Fraction(node.memory - 128 * MIB),
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("gpu", "shares", "asked"), [("1/4", 4, 1), ("3/10", 4, 2), ("1/2", 2, 1), ("2", 4, 8)]
)
def test_a_pod_gets_no_smaller_share_than_it_asked_for(gpu: str, shares: int, asked: int) -> None:
    assert gpu_shares(Fraction(gpu), shares) == asked


types = st.sampled_from(list(TYPES.values()))
daemons = st.lists(
    st.builds(
        Request, cpu=st.integers(0, 500), memory=st.integers(0, 512).map(lambda mib: mib * MIB)
    ),
    max_size=5,
).map(tuple)
groups = st.lists(
    st.builds(
        Group,
        name=st.text("abc", min_size=1, max_size=4),
        types=st.lists(types, min_size=1, max_size=4).map(tuple),
        gpu_shares=st.none() | st.integers(2, 8),
        daemons=daemons,
    ),
    max_size=5,
    unique_by=lambda of: of.name,
)
whole_gpus = st.integers(0, 9).map(Fraction)
replicas = st.builds(
    Replica,
    cpu=st.integers(1, 200_000),
    memory=st.integers(1, 1 << 41),
    gpu=whole_gpus | st.fractions(0, 2, max_denominator=8),
    neuron=st.integers(0, 2) | st.just(0),
)


@given(groups, replicas, st.data())
def test_asking_for_less_loses_no_group(
    given_groups: list[Group], replica: Replica, data: st.DataObject
) -> None:
    """But for a part of a GPU instead of whole ones: that only shared GPUs can give."""
    whole = replica.gpu.denominator == 1
    less = Replica(
        cpu=data.draw(st.integers(1, replica.cpu)),
        memory=data.draw(st.integers(1, replica.memory)),
        gpu=data.draw(
            st.integers(0, int(replica.gpu)).map(Fraction)
            if whole
            else st.fractions(0, replica.gpu, max_denominator=8)
        ),
        neuron=data.draw(st.integers(0, replica.neuron)),
    )
    assert {*fit(given_groups, replica).groups} <= {*fit(given_groups, less).groups}


@given(groups, replicas)
def test_each_group_either_holds_a_replica_or_is_explained(
    given_groups: list[Group], replica: Replica
) -> None:
    found = fit(given_groups, replica)
    explained = [miss.group for miss in found.misses]
    assert sorted([*found.groups, *explained]) == sorted(of.name for of in given_groups)
    assert (found.refusal is None) == bool(found.groups)


@given(groups, replicas)
def test_an_explanation_names_a_type_of_the_group_and_true_shortfalls(
    given_groups: list[Group], replica: Replica
) -> None:
    by_name = {of.name: of for of in given_groups}
    for miss in fit(given_groups, replica).misses:
        assert miss.instance_type in {of.name for of in by_name[miss.group].types}
        assert miss.shortfalls
        for lack in miss.shortfalls:
            assert lack.wanted > lack.free >= 0
            assert 0 < lack.share <= 1
            wanted, free = str(lack).split(" wanted, ")
            assert wanted.split(": ")[1] != free.split(" ")[0]


@given(groups, replicas)
def test_a_group_that_holds_a_replica_has_a_node_with_room_for_it(
    given_groups: list[Group], replica: Replica
) -> None:
    by_name = {of.name: of for of in given_groups}
    for name in fit(given_groups, replica).groups:
        nodes = [allocatable(of, daemons=by_name[name].daemons) for of in by_name[name].types]
        assert any(
            replica.cpu <= node.cpu
            and replica.memory <= node.memory
            and replica.gpu <= node.gpus
            and replica.neuron <= node.neurons
            and node.pods >= 1
            for node in nodes
        )
