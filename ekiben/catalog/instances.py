"""EC2 instance types as nodes of EKS: what each has, where it is offered, what it costs an hour.

Facts of a day, not of now: `catalogue_date` and `prices_date` say of which. They were gathered in
AWS's own answers by moto and Karpenter; the heads of the data files name versions and files, and
`python -m ekiben.catalog.refresh` writes them anew. Everything is read on first use and kept.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from . import tables


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceType:
    """One type; a column of `instance_types.csv` each."""

    name: str
    architecture: str
    """`amd64` or `arm64`, as in the node label `kubernetes.io/arch`."""

    vcpus: int
    memory_mib: int
    max_pods: int
    """Pods that get an address with the VPC CNI without prefixes: network interfaces of the
    default card x (IPv4 addresses of one - 1) + 2. EKS caps it, see `allocatable.managed_pods`."""

    accelerator: str | None
    """`nvidia` or `neuron`; what Kubernetes counts as `nvidia.com/gpu`, `aws.amazon.com/neuron`."""

    accelerators: int
    """Whole GPUs or Neuron devices."""

    accelerator_name: str | None
    accelerator_memory_mib: int
    """Of each GPU or device."""

    neuron_cores: int
    """Cores of all devices together: `aws.amazon.com/neuroncore`."""

    local_disk_gb: int
    """NVMe instance store, all disks together, in units of 10^9 bytes."""

    ebs_baseline_mb_s: float | None
    """Throughput to EBS that it keeps up for good, in 10^6 bytes a second; None where unknown."""

    ebs_maximum_mb_s: float | None
    bare_metal: bool
    hypervisor: str | None
    """`nitro` or `xen`; None on bare metal."""

    burstable: bool
    spot: bool
    """Whether it can be had as a spot instance."""

    current_generation: bool


@functools.cache
def instance_types() -> Mapping[str, InstanceType]:
    """All types that can be nodes, by name."""
    rows = tables.read("instance_types").rows
    return MappingProxyType({row[0]: _instance_type(row) for row in rows})


def _instance_type(row: Sequence[str]) -> InstanceType:
    name, architecture, vcpus, memory, pods, kind, count, model, each, cores, *rest = row
    disk, baseline, maximum, metal, hypervisor, burstable, spot, current = rest
    return InstanceType(
        name=name,
        architecture=architecture,
        vcpus=int(vcpus),
        memory_mib=int(memory),
        max_pods=int(pods),
        accelerator=kind or None,
        accelerators=int(count),
        accelerator_name=model or None,
        accelerator_memory_mib=int(each),
        neuron_cores=int(cores),
        local_disk_gb=int(disk),
        ebs_baseline_mb_s=float(baseline) if baseline else None,
        ebs_maximum_mb_s=float(maximum) if maximum else None,
        bare_metal=metal == "yes",
        hypervisor=hypervisor or None,
        burstable=burstable == "yes",
        spot=spot == "yes",
        current_generation=current == "yes",
    )


def catalogue_date() -> str:
    """The day, YYYY-MM-DD, that types and offerings are known of."""
    return tables.read("instance_types").head["date"]


@functools.cache
def why_not(name: str) -> str | None:
    """Why a name that `instance_types` lacks cannot be a node: of the wrong kind, or retired.

    Reads on from the name; None for names that nobody knows.
    """
    if name in instance_types():
        return None
    reasons = {row[0]: row[1] for row in tables.read("left_out").rows}
    return reasons.get(name) or ("is offered in no region any more" if name in _prices() else None)


def regions() -> frozenset[str]:
    """Regions whose offerings are known; of any other the catalogue can say nothing."""
    return frozenset(_offerings())


@functools.cache
def zones_of(region: str) -> Mapping[str, frozenset[str]]:
    """Types offered by zone; empty for a region that is not known.

    In its older regions AWS deals out the letters of zones anew to each account, and these are
    those of the account that was asked. What a region offers is the same for everybody.
    """
    zones: dict[str, set[str]] = {}
    for name in instance_types():
        for letter in _letters(region, name):
            zones.setdefault(f"{region}{letter}", set()).add(name)
    return MappingProxyType({zone: frozenset(zones[zone]) for zone in sorted(zones)})


def offered(region: str, zone: str | None, name: str) -> bool:
    """Whether a zone offers a type, or any zone of the region where it is None."""
    zones = {f"{region}{letter}" for letter in _letters(region, name)}
    return bool(zones) if zone is None else zone in zones


def _letters(region: str, name: str) -> str:
    known = name in instance_types()
    return letters(_offerings().get(region, {}), name) if known else ""


def letters(lines: Mapping[str, str], name: str) -> str:
    """Zones of a type by their letters, out of a region's lines: its own line or its family's."""
    family = f"{name.partition('.')[0]}.*"
    return lines.get(name, lines.get(family, "")).replace("-", "")


@functools.cache
def _offerings() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for region, name, zones in tables.read("offerings").rows:
        found.setdefault(region, {})[name] = zones
    return found


def price(region: str, name: str) -> float | None:
    """On-demand price of a Linux instance in USD an hour; None where it is not known."""
    return _prices().get(name, {}).get(region)


def prices_date(region: str) -> str | None:
    """The day, YYYY-MM-DD, that the region's prices are known of; None where none are."""
    return tables.read("prices").head.get(f"date {region}")


@functools.cache
def _prices() -> Mapping[str, Mapping[str, float]]:
    table = tables.read("prices")
    in_regions = table.columns[1:]
    return {
        name: {region: float(cell) for region, cell in zip(in_regions, cells, strict=True) if cell}
        for name, *cells in table.rows
    }
