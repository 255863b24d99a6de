"""On which node groups a model may run, and why on none where there is none."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial

from ekiben.catalog.allocatable import Request
from ekiben.catalog.eks import daemons
from ekiben.catalog.instances import instance_types

from .cluster import Cluster, ExistingCluster
from .eks import EksCluster
from .fit import Group, Replica, fit
from .model import Compute, ModelSpec
from .nodes import NodeGroup
from .problems import nearest
from .values import bytes_of, millicores

HARD = ("NoSchedule", "NoExecute")
"""Effects of taints that keep pods away."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Nodes that can hold a replica: those of `groups`, where the cluster has any, and all of one
    architecture, as in the node label `kubernetes.io/arch`."""

    architecture: str
    groups: tuple[str, ...] = ()


Placer = Callable[[ModelSpec], Placement]
"""Where a model may run; raises Nowhere."""


class Nowhere(ValueError):
    """No node can hold a replica; `key` is what of the model is to blame."""

    def __init__(self, message: str, key: str = "compute") -> None:
        super().__init__(message)
        self.key = key


def placer(cluster: Cluster | None, machine: str) -> Placer:
    """For the models of a cluster; `machine` is the architecture of a local one. None stands for a
    cluster that is wrong itself, where every model has a place."""
    if isinstance(cluster, EksCluster):
        return partial(place, cluster)
    if cluster is None:
        return lambda _: Placement(architecture=machine)
    architecture = cluster.architecture if isinstance(cluster, ExistingCluster) else machine
    return partial(_anywhere, architecture)


def _anywhere(architecture: str, spec: ModelSpec) -> Placement:
    if isinstance(spec.compute.gpu, float):
        raise Nowhere(
            f"a part of a GPU (gpu: {spec.compute.gpu}) needs a node group with gpu_sharing, which"
            " only clusters of kind eks have"
        )
    return Placement(architecture=architecture)


def place(cluster: EksCluster, spec: ModelSpec) -> Placement:
    """Where a model may run. Its image is of one architecture; where groups of both could hold it,
    it goes to those of amd64. Raises Nowhere."""
    _known(cluster, spec)
    open_to_it = dict(_open(cluster.node_groups, spec))
    groups = [_group(name, group) for name, group in open_to_it.items()]
    found = fit(groups, replica(spec.compute))
    if not open_to_it:
        raise Nowhere(_closed(cluster, spec), "node_groups" if spec.node_groups else "compute")
    if found.refusal:
        raise Nowhere(found.refusal)
    of = {name: _architecture(cluster.node_groups[name]) for name in found.groups}
    chosen = min(of.values())
    return Placement(
        groups=tuple(name for name in found.groups if of[name] == chosen), architecture=chosen
    )


def _known(cluster: EksCluster, spec: ModelSpec) -> None:
    for name in spec.node_groups:
        if name not in cluster.node_groups:
            advice = nearest(name, cluster.node_groups)
            raise Nowhere(f"given {name!r}, which the cluster lacks; {advice}", "node_groups")


def _open(groups: Mapping[str, NodeGroup], spec: ModelSpec) -> Iterator[tuple[str, NodeGroup]]:
    """Groups that a model may run on if its size allows it: those named, or all without taints of
    their own; of its kind of accelerator; shared GPUs for parts of one, whole ones for the rest."""
    kind = accelerator(spec.compute)
    part = isinstance(spec.compute.gpu, float)
    for name, group in groups.items():
        named = name in spec.node_groups if spec.node_groups else not _tainted(group)
        alike = instance_types()[group.instance_types[0]].accelerator == kind
        if named and alike and bool(group.gpu_sharing) == part:
            yield name, group


def _tainted(group: NodeGroup) -> bool:
    return any(taint.effect in HARD for taint in group.taints)


def _closed(cluster: EksCluster, spec: ModelSpec) -> str:
    """Why no group is open to a model, whatever its size."""
    named = ", ".join(spec.node_groups)
    among = f"none of the node groups {named}" if named else "no node group without taints"
    if not cluster.node_groups:
        return "no node can fit a replica: the cluster has no node_groups for models"
    if isinstance(spec.compute.gpu, float):
        return f"no node can fit a replica: {among} has gpu_sharing, which a part of a GPU needs"
    kind = accelerator(spec.compute)
    has = {"nvidia": "has NVIDIA GPUs of its own for each replica", "neuron": "has Neuron devices"}
    only = "is without accelerators, whose nodes hold only models that use them"
    return f"no node can fit a replica: {among} {has.get(kind or '', only)}"


def accelerator(compute: Compute) -> str | None:
    """The kind of accelerator that a model needs."""
    return "nvidia" if compute.gpu else "neuron" if compute.neuron else None


def replica(compute: Compute) -> Replica:
    return Replica(
        cpu=millicores(compute.cpu),
        memory=bytes_of(compute.memory),
        gpu=Fraction(str(compute.gpu)),
        neuron=compute.neuron,
    )


def _group(name: str, group: NodeGroup) -> Group:
    return Group(
        name=name,
        types=tuple(instance_types()[each] for each in group.instance_types),
        gpu_shares=group.gpu_sharing.shares if group.gpu_sharing else None,
        daemons=_daemons(),
    )


def _architecture(group: NodeGroup) -> str:
    return instance_types()[group.instance_types[0]].architecture


@cache
def _daemons() -> tuple[Request, ...]:
    return tuple(
        Request(cpu=millicores(each["cpu"]), memory=bytes_of(each["memory"]))
        for each in daemons().values()
    )
