"""An EKS cluster as a whole: its parts, in the order in which they are placed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ekiben.catalog.instances import instance_types
from ekiben.spec import EksCluster, StackSpec
from ekiben.spec.arns import partition

from .addons import addons
from .balancer import balancer
from .cluster import cluster
from .groups import group
from .karpenter import karpenter
from .key import key
from .names import Home, tags
from .network import network
from .node_groups import node_groups
from .node_pools import node_pools
from .resource import ACCOUNT, Resources


@dataclass(frozen=True, kw_only=True)
class PlatformPlan:
    """Every AWS resource of a cluster, by the part that it belongs to.

    Names of resources are unique over all parts; a part refers to itself and to those before it.
    """

    home: Home
    tags: Mapping[str, str]
    network: Resources
    """The cluster's key, and its VPC where that is of our own."""

    control_plane: Resources
    """The cluster, who may enter it, and the add-ons that nodes need to become ready."""

    nodes: Resources
    """Managed node groups, and the add-ons that run on them."""

    karpenter: Resources
    balancer: Resources
    """What stands before the gateway."""

    node_pools: Mapping[str, dict[str, Any]]
    """Kubernetes objects, which may refer to AWS resources."""

    @property
    def parts(self) -> Mapping[str, Resources]:
        """Those that have resources, in the order in which they are placed."""
        found = {
            "network": self.network,
            "control-plane": self.control_plane,
            "nodes": self.nodes,
            "karpenter": self.karpenter,
            "balancer": self.balancer,
        }
        return {name: resources for name, resources in found.items() if resources}

    @property
    def resources(self) -> Resources:
        """All AWS resources, each after all that it refers to."""
        return {name: each for part in self.parts.values() for name, each in part.items()}


def platform(stack: str, region: str, spec: EksCluster) -> PlatformPlan:
    """Decides everything about a cluster. The types of its node groups are all in the catalogue."""
    home = Home(
        stack=stack,
        cluster=spec.name or stack,
        region=region,
        partition=partition(region),
        account=spec.account or ACCOUNT,
    )
    known = instance_types()
    groups = {name: group(name, each, known) for name, each in sorted(spec.node_groups.items())}
    grows = any(each.max > each.min for each in spec.node_groups.values())
    return PlatformPlan(
        home=home,
        tags=tags(stack, home.cluster),
        network={**key(home, spec), **network(home, spec.network)},
        control_plane={**cluster(home, spec), **addons(home, spec, before_nodes=True)},
        nodes={**node_groups(home, spec, groups), **addons(home, spec, before_nodes=False)},
        karpenter=karpenter(home) if grows else {},
        balancer=balancer(home, spec),
        node_pools=node_pools(home, spec, groups),
    )


def platform_plan(spec: StackSpec) -> PlatformPlan | None:
    """The cluster of a stack that keeps one on AWS."""
    if not isinstance(spec.cluster, EksCluster) or spec.region is None:
        return None
    return platform(spec.name, spec.region, spec.cluster)
