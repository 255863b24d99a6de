"""Managed node groups: the nodes that are always there, Ekiben's own and the `min` of each group.

Their size never changes by itself; what a group has beyond them, Karpenter starts.
"""

import base64
from collections.abc import Mapping
from typing import Any

from ekiben.catalog.instances import offered, regions
from ekiben.plan.labels import NODE_GROUP
from ekiben.spec.eks import EksCluster
from ekiben.spec.nodes import Disk

from . import network
from .groups import NODE_CONFIG, SYSTEM, SYSTEM_TAINT, Group, volume
from .names import Home
from .resource import Resource, Resources, ref
from .roles import node_role

SYSTEM_TYPES = ("m7i-flex.large", "m7i.large", "m7a.large", "m6i.large", "m6a.large", "m5.large")
"""2 CPUs and 8 GiB each: what controllers, DNS and gateway need of two nodes together."""

EVERYWHERE = ("m6i.large", "m5.large")
"""Those taken where it is not known what the region offers: EKS refuses a type that it lacks."""

SYSTEM_NODES = 2
_EFFECTS = {
    "NoSchedule": "NO_SCHEDULE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
}
_BOUNDARY = "ekiben"


def node_groups(home: Home, spec: EksCluster, groups: Mapping[str, Group]) -> Resources:
    """The system group, and one managed group for each group that always has nodes."""
    fixed = {name: group for name, group in groups.items() if spec.node_groups[name].min}
    found = node_role(home, "node")
    found |= _group(home, spec, system_group(home.region), SYSTEM_NODES)
    for name, group in fixed.items():
        found |= _group(home, spec, group, spec.node_groups[name].min)
    return found


def system_group(region: str) -> Group:
    """Two small nodes for what the cluster itself runs; models stay away."""
    return Group(
        name=SYSTEM,
        instance_types=_there(region),
        architecture="amd64",
        accelerator=None,
        image="AL2023_x86_64_STANDARD",
        labels={NODE_GROUP: SYSTEM},
        taints=[SYSTEM_TAINT],
        disk=volume(Disk(size="50Gi"), None),
        local_disks=False,
        fast_pulls=False,
    )


def _there(region: str) -> tuple[str, ...]:
    found = tuple(each for each in SYSTEM_TYPES if offered(region, None, each))
    return found if region in regions() else EVERYWHERE


def _group(home: Home, spec: EksCluster, group: Group, size: int) -> Resources:
    name = f"group-{group.name}"
    return {
        f"{name}-template": Resource(
            type="aws:ec2/launchTemplate:LaunchTemplate",
            properties=_template(home, group),
        ),
        name: Resource(
            type="aws:eks/nodeGroup:NodeGroup",
            properties={
                "clusterName": ref("cluster", "name"),
                "nodeRoleArn": ref("node-role", "arn"),
                "subnetIds": network.private_subnets(spec.network),
                "version": spec.kubernetes,
                "amiType": group.image,
                "capacityType": "ON_DEMAND",
                "instanceTypes": list(group.instance_types),
                "scalingConfig": {"minSize": size, "maxSize": size, "desiredSize": size},
                "labels": dict(group.labels),
                "taints": [_taint(taint) for taint in group.taints],
                "launchTemplate": {
                    "id": ref(f"{name}-template"),
                    "version": ref(f"{name}-template", "latestVersion"),
                },
                # One node more first, then one node less: no capacity is missing meanwhile.
                "updateConfig": {"maxUnavailable": 1},
                "nodeRepairConfig": {"enabled": True},
                **_tags(home, group),
            },
            needs=(
                *("node-worker", "node-images"),
                *("addon-vpc-cni", "addon-kube-proxy", "addon-eks-pod-identity-agent"),
                *network.private_routes(spec.network),
            ),
        ),
    }


def _taint(taint: Mapping[str, str]) -> dict[str, str]:
    return {**taint, "effect": _EFFECTS[taint["effect"]]}


def _tags(home: Home, group: Group) -> dict[str, Any]:
    return {"tags": {"Name": home.name(group.name), NODE_GROUP: group.name}}


def _template(home: Home, group: Group) -> dict[str, Any]:
    """How a node of the group is started. Tokens of the instance are out of reach of its pods."""
    tags = _tags(home, group)["tags"]
    root = {**group.disk, "encrypted": "true", "deleteOnTermination": "true"}
    template: dict[str, Any] = {
        "updateDefaultVersion": True,
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": root}],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        },
        "tagSpecifications": [
            {"resourceType": kind, "tags": tags}
            for kind in ("instance", "volume", "network-interface")
        ],
    }
    if group.fast_pulls:
        template["userData"] = base64.b64encode(_user_data().encode()).decode()
    return template


def _user_data() -> str:
    """As a multi-part document: EKS puts a part of its own behind it."""
    return (
        f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{_BOUNDARY}"\n\n'
        f"--{_BOUNDARY}\nContent-Type: application/node.eks.aws\n\n{NODE_CONFIG}\n--{_BOUNDARY}--\n"
    )
