"""Node groups against the catalogue: types that there are, that go together, that can be had."""

from collections.abc import Iterator, Sequence

from ekiben.catalog.instances import (
    InstanceType,
    catalogue_date,
    instance_types,
    offered,
    regions,
    why_not,
)

from .document import Node
from .eks import EksCluster
from .files import PREFIX
from .nodes import NodeGroup
from .problems import Problem, nearest

Path = tuple[str | int, ...]


def machine_problems(cluster: EksCluster, region: str, node: Node) -> Iterator[Problem]:
    """What is wrong with zones and machines of a cluster; `node` is the stack file's `ekiben:`
    part."""
    yield from _zones(cluster, region, node)
    for name, group in cluster.node_groups.items():
        at: Path = ("cluster", "node_groups", name)
        unknown = list(_unknown(group, at, node))
        yield from unknown
        if not unknown:
            types = [instance_types()[each] for each in group.instance_types]
            yield from _mixed(types, at, node)
            yield from _shared(group, types, at, node)
            yield from _not_offered(region, group, at, node)


def _problem(node: Node, path: Path, message: str) -> Problem:
    key = PREFIX + ".".join(str(step) for step in path)
    return Problem(place=node.locate(path), key=key, message=message)


def _zones(cluster: EksCluster, region: str, node: Node) -> Iterator[Problem]:
    for index, zone in enumerate(cluster.network.zones):
        if zone[:-1] != region:
            message = f"given {zone!r}; expected a zone of the region {region}, such as {region}a"
            yield _problem(node, ("cluster", "network", "zones", index), message)


def _unknown(group: NodeGroup, at: Path, node: Node) -> Iterator[Problem]:
    known = instance_types()
    for index, name in enumerate(group.instance_types):
        if name not in known:
            reason = why_not(name)
            advice = f"it {reason}" if reason else nearest(name, known)
            message = f"given {name!r}, which is no instance type that a node can be; {advice}"
            yield _problem(node, (*at, "instance_types", index), message)


def _mixed(types: Sequence[InstanceType], at: Path, node: Node) -> Iterator[Problem]:
    """One image and one kind of device serve a whole group."""
    first = types[0]
    for index, each in enumerate(types[1:], start=1):
        for what in ("architecture", "accelerator"):
            mine, others = getattr(each, what), getattr(first, what)
            if mine != others:
                message = (
                    f"{each.name} has the {what} {mine or 'none'}, {first.name} has"
                    f" {others or 'none'}; give them groups of their own"
                )
                yield _problem(node, (*at, "instance_types", index), message)


def _shared(
    group: NodeGroup, types: Sequence[InstanceType], at: Path, node: Node
) -> Iterator[Problem]:
    if group.gpu_sharing and types[0].accelerator != "nvidia":
        message = f"is given, and {types[0].name} has no NVIDIA GPU to share"
        yield _problem(node, (*at, "gpu_sharing"), message)


def _not_offered(region: str, group: NodeGroup, at: Path, node: Node) -> Iterator[Problem]:
    """Types that the region lacks. Which zone of it has them differs between accounts, so a zone
    without them is no mistake."""
    if region not in regions():
        return
    for index, name in enumerate(group.instance_types):
        if not offered(region, None, name):
            message = (
                f"given {name!r}, which {region} does not offer (as of {catalogue_date()});"
                f" {_instead(region, name)}"
            )
            yield _problem(node, (*at, "instance_types", index), message)


def _instead(region: str, name: str) -> str:
    """A type of the region as like as possible: same kind of device, close in size."""
    wanted = instance_types()[name]
    alike = [
        each
        for each in instance_types().values()
        if (each.architecture, each.accelerator) == (wanted.architecture, wanted.accelerator)
        and each.current_generation
        and offered(region, None, each.name)
    ]
    if not alike:
        return "it offers nothing of the kind"

    def distance(each: InstanceType) -> tuple[float, ...]:
        return (
            abs(each.accelerators - wanted.accelerators),
            abs(each.vcpus - wanted.vcpus) / wanted.vcpus,
            abs(each.memory_mib - wanted.memory_mib) / wanted.memory_mib,
        )

    closest = min(alike, key=lambda each: (distance(each), each.name))
    return f"closest there: {closest.name}"
