"""Whether a node of a group can hold a replica and, where none can, what comes closest.

By resources alone: labels, taints and architecture are the caller's, who chooses the groups that it
asks about. A node has what Karpenter's scheduler says it has, `ekiben.catalog.allocatable`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ekiben.catalog.allocatable import Request, allocatable
from ekiben.catalog.instances import InstanceType


@dataclass(frozen=True, kw_only=True)
class Group:
    """A node group. Its next node may be of any of its types, so one that fits is enough."""

    name: str
    types: tuple[InstanceType, ...]
    gpu_shares: int | None = None
    """Into how many parts each GPU is shared; None where pods have whole ones."""

    daemons: tuple[Request, ...] = ()
    """What each DaemonSet's pod on its nodes asks for."""


@dataclass(frozen=True, kw_only=True)
class Replica:
    """What one replica asks for."""

    cpu: int
    """Thousandths of a core."""

    memory: int
    """Bytes."""

    gpu: Fraction = Fraction(0)
    """NVIDIA GPUs; a part of one only in groups that share theirs."""

    neuron: int = 0
    """Neuron devices."""


@dataclass(frozen=True, kw_only=True)
class Shortfall:
    """A resource that a node has too little of."""

    resource: str
    """`cpu` in millicores, `memory` in bytes, `gpu`, `neuron`, `pods`; `part of a gpu` where one
    is asked for and the group has whole ones only."""

    wanted: Fraction
    free: Fraction

    @property
    def share(self) -> Fraction:
        """The part of what is wanted that is missing, above 0 and at most 1."""
        return (self.wanted - self.free) / self.wanted

    def __str__(self) -> str:
        wanted, free = _spelt(self.resource, self.wanted, self.free)
        if self.resource == "part of a gpu":
            return f"gpu: {wanted} wanted, and it has no gpu_sharing"
        return f"{self.resource}: {wanted} wanted, {free} free"


@dataclass(frozen=True, kw_only=True)
class Miss:
    """The type of a group that comes closest to holding the replica, and all that it lacks."""

    group: str
    instance_type: str
    shortfalls: tuple[Shortfall, ...]

    def __str__(self) -> str:
        lacking = "; ".join(map(str, self.shortfalls))
        return f"{self.instance_type} of node group {self.group!r} comes closest ({lacking})"


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The groups that can hold a replica; and why the others cannot, the closest first."""

    groups: tuple[str, ...]
    misses: tuple[Miss, ...]

    @property
    def refusal(self) -> str | None:
        """What to tell where no group can hold a replica; None where one can."""
        if self.groups:
            return None
        closest = f": {self.misses[0]}" if self.misses else ""
        return f"no node can fit a replica{closest}"


def fit(groups: Iterable[Group], replica: Replica) -> Fit:
    """Which groups can hold a replica on a node that runs nothing else but the daemons."""
    holding, misses = [], []
    for group in groups:
        shared = group.gpu_shares is not None
        found = {of: shortfalls(of, replica, shared, group.daemons) for of in group.types}
        if not all(found.values()):
            holding.append(group.name)
        elif found:
            of = min(found, key=lambda of: (_distance(of, replica, found[of]), of.vcpus, of.name))
            miss = Miss(group=group.name, instance_type=of.name, shortfalls=found[of])
            misses.append((_distance(of, replica, found[of]), miss))
    ranked = sorted(misses, key=lambda one: (one[0], one[1].group))
    return Fit(groups=tuple(holding), misses=tuple(miss for _, miss in ranked))


def gpu_shares(gpu: Fraction, shares: int) -> int:
    """Shares that a pod asks for where each GPU has so many: rounded up, so it never gets less."""
    return math.ceil(gpu * shares)


def shortfalls(
    of: InstanceType, replica: Replica, shared: bool, daemons: Sequence[Request] = ()
) -> tuple[Shortfall, ...]:
    """What a node of this type has too little of; nothing where it can hold a replica.

    `shared` says whether it gives parts of its GPUs.
    """
    node = allocatable(of, daemons=daemons)
    whole_only = replica.gpu.denominator > 1 and not shared and node.gpus > 0
    needs = (
        ("cpu", replica.cpu, node.cpu),
        ("memory", replica.memory, node.memory),
        ("part of a gpu", replica.gpu, 0) if whole_only else ("gpu", replica.gpu, node.gpus),
        ("neuron", replica.neuron, node.neurons),
        ("pods", 1, node.pods),
    )
    return tuple(
        Shortfall(resource=resource, wanted=Fraction(wanted), free=Fraction(free))
        for resource, wanted, free in needs
        if wanted > free
    )


def _kinds(replica: Replica) -> set[str]:
    asked = {"nvidia": replica.gpu > 0, "neuron": replica.neuron > 0}
    return {kind for kind, wanted in asked.items() if wanted}


def _distance(
    of: InstanceType, replica: Replica, lacks: Sequence[Shortfall]
) -> tuple[bool, Fraction, Fraction]:
    """How far a type is from holding a replica: of another kind, its worst lack, all lacks."""
    shares = [lack.share for lack in lacks]
    return not _kinds(replica) <= {of.accelerator}, max(shares), sum(shares, Fraction(0))


def _spelt(resource: str, wanted: Fraction, free: Fraction) -> tuple[str, str]:
    """Both as they are written in YAML; memory is rounded, away from the other one."""
    if resource == "cpu":
        return _cores(int(wanted)), _cores(int(free))
    if resource != "memory":
        return _decimal(wanted), _decimal(free)
    unit, name = (1 << 30, "Gi") if wanted >= 1 << 30 else (1 << 20, "Mi")
    rounded = math.ceil(wanted * 100 / unit), math.floor(free * 100 / unit)
    more, less = (f"{_decimal(Fraction(part, 100))}{name}" for part in rounded)
    return more, less


def _cores(milli: int) -> str:
    return f"{milli}m" if milli % 1000 else str(milli // 1000)


def _decimal(number: Fraction) -> str:
    return f"{float(number):.3f}".rstrip("0").rstrip(".")
