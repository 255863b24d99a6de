"""Random clusters, all of them valid."""

from typing import Any

from hypothesis import strategies as st

from ekiben.catalog.instances import InstanceType, instance_types, zones_of
from ekiben.spec import EksCluster
from ekiben.spec.network import PRIVATE

Plain = dict[str, Any]

REGIONS = ["us-east-1", "eu-central-1", "ap-northeast-1"]


@st.composite
def vpc_cidrs(draw: st.DrawFn) -> str:
    block = draw(st.sampled_from([net for net in PRIVATE if net.prefixlen <= 16]))
    prefix = draw(st.integers(16, 22))
    first = int(block.network_address)
    step = draw(st.integers(0, (1 << (prefix - block.prefixlen)) - 1))
    return f"{type(block.network_address)(first + (step << (32 - prefix)))}/{prefix}"


@st.composite
def zone_sets(draw: st.DrawFn, region: str) -> list[str]:
    letters = draw(st.sets(st.sampled_from("abcdef"), min_size=2, max_size=6))
    return draw(st.permutations([f"{region}{letter}" for letter in sorted(letters)]))


def _kin(region: str) -> dict[tuple[str, str | None], list[str]]:
    """Types that a region offers, in the sets that a group may mix."""
    there = set().union(*zones_of(region).values())
    kin: dict[tuple[str, str | None], list[str]] = {}
    for each in instance_types().values():
        if each.name in there:
            kin.setdefault(_kind(each), []).append(each.name)
    return kin


def _kind(each: InstanceType) -> tuple[str, str | None]:
    return each.architecture, each.accelerator


@st.composite
def groups(draw: st.DrawFn, region: str) -> Plain:
    kin = _kin(region)
    kind = draw(st.sampled_from(sorted(kin, key=str)))
    types = draw(st.lists(st.sampled_from(kin[kind]), min_size=1, max_size=5, unique=True))
    least = draw(st.integers(0, 5))
    most = least + draw(st.integers(0 if least else 1, 40))
    given: Plain = {"instance_types": types, "min": least, "max": most}
    given["spot"] = {"percentage": draw(st.integers(0, 100))}
    given["priority"] = draw(st.integers(0, 100))
    if kind[1] == "nvidia" and least == most:
        given["gpu_sharing"] = {"shares": draw(st.integers(2, 48))}
    if draw(st.booleans()):
        given["disk"] = {"size": f"{draw(st.integers(20, 2000))}Gi"}
    if draw(st.booleans()):
        given["taints"] = [{"key": "example.com/kept", "value": "yes", "effect": "NoExecute"}]
    return given


GROUP_NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,30}[a-z0-9])?", fullmatch=True).filter(
    lambda name: name != "system"
)


@st.composite
def clusters(draw: st.DrawFn) -> tuple[str, EksCluster]:
    """A region and a cluster in it."""
    region = draw(st.sampled_from(REGIONS))
    network: Plain = {
        "cidr": draw(vpc_cidrs()),
        "zones": draw(zone_sets(region)),
        "nat": draw(st.sampled_from(["none", "single", "per_zone"])),
        "flow_logs": draw(st.sampled_from([0, 14, 365])),
    }
    given: Plain = {
        "kind": "eks",
        "name": draw(st.from_regex(r"[a-z][a-z0-9]{0,39}", fullmatch=True)),
        "network": network,
        "protect": draw(st.booleans()),
        "kubernetes": draw(st.sampled_from(["1.34", "1.35", "1.36"])),
        "node_groups": draw(st.dictionaries(GROUP_NAMES, groups(region), max_size=4)),
    }
    if draw(st.booleans()):
        given["account"] = "123456789012"
        given["admins"] = ["arn:aws:iam::123456789012:role/Deploy"]
    return region, EksCluster.model_validate(given)
