"""Karpenter's half in the cluster: which nodes it may start for each group, and when it ends them.

A group that mixes spot and on-demand nodes is two pools. Each takes its share of the values of one
label, over which replicas are spread; so they come to the pools in that proportion.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ekiben.catalog.eks import eks_releases
from ekiben.plan.labels import CAPACITY, metadata, stamp
from ekiben.spec.eks import EksCluster
from ekiben.spec.nodes import NodeGroup
from ekiben.spec.values import whole_seconds

from . import network
from .groups import NODE_CONFIG, Group
from .karpenter import PROFILE
from .names import DISCOVERY, Home
from .resource import ref

Manifest = dict[str, Any]

SPOT_STEPS = 10
"""Values of the label that spot and on-demand nodes share: spot comes in tenths at the finest."""

EXPIRE = "720h"
"""Age at which a node is replaced, so that none runs an old image for ever: 30 days."""

_WHEN = {"empty": "WhenEmpty", "underutilized": "WhenEmptyOrUnderutilized"}


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A NodePool's part in its group: which capacity, how many nodes, which values of the label."""

    name: str
    capacity: tuple[str, ...]
    nodes: int
    values: tuple[str, ...] = ()


def node_pools(home: Home, spec: EksCluster, groups: Mapping[str, Group]) -> dict[str, Manifest]:
    """Node classes and pools by name of the resource; none for groups that never grow."""
    found: dict[str, Manifest] = {}
    for name, group in groups.items():
        written = spec.node_groups[name]
        if written.max > written.min:
            found[f"class-{name}"] = _node_class(home, spec, group, written)
            for pool in pools(name, written):
                found[f"pool-{pool.name}"] = _node_pool(home, spec, group, written, pool)
    return found


def pools(name: str, spec: NodeGroup) -> Iterator[Pool]:
    """The pools of a group, whose nodes together are what it may have beyond `min`."""
    more = spec.max - spec.min
    share = _tenths(spec.spot.percentage)
    reserved = ("reserved",) if spec.capacity_reservations else ()
    spot = (*reserved, "spot", "on-demand")
    if not spec.mixes_spot:
        yield Pool(name=name, capacity=spot if share else (*reserved, "on-demand"), nodes=more)
        return
    on_spot = min(max(1, round(more * share)), more - 1)
    values = tuple(f"{step}" for step in range(share.denominator))
    mine, rest = values[: share.numerator], values[share.numerator :]
    yield Pool(name=f"{name}-spot", capacity=spot, nodes=on_spot, values=mine)
    yield Pool(
        name=f"{name}-on-demand",
        capacity=(*reserved, "on-demand"),
        nodes=more - on_spot,
        values=rest,
    )


def _tenths(percentage: int) -> Fraction:
    """The nearest tenth; all or nothing only where that is what was asked for."""
    if percentage in (0, 100):
        return Fraction(percentage, 100)
    return Fraction(min(max(1, round(percentage * SPOT_STEPS / 100)), SPOT_STEPS - 1), SPOT_STEPS)


def _node_pool(
    home: Home, spec: EksCluster, group: Group, written: NodeGroup, pool: Pool
) -> Manifest:
    weight = {"weight": written.priority} if written.priority else {}
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": metadata(pool.name, stamp(home.stack)),
        "spec": {
            **weight,
            "template": {
                "metadata": {"labels": dict(group.labels)},
                "spec": {
                    "nodeClassRef": {
                        "group": "karpenter.k8s.aws",
                        "kind": "EC2NodeClass",
                        "name": group.name,
                    },
                    "expireAfter": EXPIRE,
                    "taints": [dict(taint) for taint in group.taints],
                    "requirements": list(_requirements(spec, group, pool)),
                },
            },
            "limits": {"nodes": pool.nodes},
            "disruption": {
                "consolidationPolicy": _WHEN[written.consolidation.when],
                "consolidateAfter": f"{whole_seconds(written.consolidation.after)}s",
                "budgets": [{"nodes": "10%"}],
            },
        },
    }


def _requirements(spec: EksCluster, group: Group, pool: Pool) -> Iterator[dict[str, Any]]:
    yield _in("node.kubernetes.io/instance-type", sorted(group.instance_types))
    yield _in("kubernetes.io/arch", [group.architecture])
    yield _in("kubernetes.io/os", ["linux"])
    yield _in("karpenter.sh/capacity-type", list(pool.capacity))
    if spec.network.zones:
        yield _in("topology.kubernetes.io/zone", sorted(spec.network.zones))
    if pool.values:
        yield _in(CAPACITY, list(pool.values))


def _in(key: str, values: list[str]) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": values}


def _node_class(home: Home, spec: EksCluster, group: Group, written: NodeGroup) -> Manifest:
    size = f"{group.disk['volumeSize']}Gi"
    root = {**group.disk, "volumeSize": size, "encrypted": True, "deleteOnTermination": True}
    reservations = [{"id": each} for each in written.capacity_reservations]
    return {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": metadata(group.name, stamp(home.stack)),
        "spec": {
            "amiSelectorTerms": [{"alias": f"al2023@{eks_releases()[spec.kubernetes].image}"}],
            "instanceProfile": ref(PROFILE, "name"),
            "subnetSelectorTerms": _subnets(home, spec),
            "securityGroupSelectorTerms": [
                {"id": ref("cluster", "vpcConfig.clusterSecurityGroupId")}
            ],
            "blockDeviceMappings": [{"deviceName": "/dev/xvda", "rootVolume": True, "ebs": root}],
            "metadataOptions": {
                "httpEndpoint": "enabled",
                "httpTokens": "required",
                "httpPutResponseHopLimit": 1,
                "httpProtocolIPv6": "disabled",
            },
            "tags": {"Name": home.name(group.name)},
            **({"instanceStorePolicy": "RAID0"} if group.local_disks else {}),
            **({"userData": NODE_CONFIG} if group.fast_pulls else {}),
            **({"capacityReservationSelectorTerms": reservations} if reservations else {}),
        },
    }


def _subnets(home: Home, spec: EksCluster) -> list[dict[str, Any]]:
    if spec.network.vpc is None:
        return [{"tags": {DISCOVERY: home.cluster}}]
    return [{"id": each} for each in network.private_subnets(spec.network)]
