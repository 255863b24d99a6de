"""Add-ons that EKS itself keeps up to date, at pinned builds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ekiben.catalog.eks import eks_releases
from ekiben.plan.labels import NODE_GROUP
from ekiben.spec.eks import EksCluster

from .groups import SYSTEM, SYSTEM_TAINT
from .names import Home
from .policy import pod_trust
from .resource import Resource, Resources, ref
from .roles import attached, role

_ON_SYSTEM: Mapping[str, Any] = {
    "nodeSelector": {NODE_GROUP: SYSTEM},
    "tolerations": [{"operator": "Equal", **SYSTEM_TAINT}],
}
"""Where an add-on's controllers run."""


def _asks(cpu: str, memory: str) -> Mapping[str, Any]:
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}}


@dataclass(frozen=True, kw_only=True)
class Addon:
    """One row: how an add-on is set, and what its pods may do in AWS."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    account: str | None = None
    """The service account that gets a role."""

    policy: str | None = None
    """AWS's own policy for that role."""

    before_nodes: bool = False
    """Whether nodes need it to become ready."""


ADDONS: Mapping[str, Addon] = {
    "eks-pod-identity-agent": Addon(settings=_asks("10m", "32Mi"), before_nodes=True),
    "vpc-cni": Addon(
        # Network policies are enforced by its agent on each node.
        settings={
            "enableNetworkPolicy": "true",
            **_asks("25m", "32Mi"),
            "nodeAgent": _asks("25m", "32Mi"),
        },
        account="aws-node",
        policy="AmazonEKS_CNI_Policy",
        before_nodes=True,
    ),
    "kube-proxy": Addon(settings=_asks("100m", "64Mi"), before_nodes=True),
    "coredns": Addon(settings=_ON_SYSTEM),
    "metrics-server": Addon(settings=_ON_SYSTEM),
    "aws-ebs-csi-driver": Addon(
        settings={"controller": _ON_SYSTEM},
        account="ebs-csi-controller-sa",
        policy="service-role/AmazonEBSCSIDriverPolicy",
    ),
}


def addons(home: Home, spec: EksCluster, *, before_nodes: bool) -> Resources:
    """The add-ons of the first or the second half: what nodes need, and what needs nodes."""
    builds = eks_releases()[spec.kubernetes].addons
    found: Resources = {}
    for name, row in ADDONS.items():
        if row.before_nodes == before_nodes:
            found |= _role(home, name, row)
            found[f"addon-{name}"] = _addon(name, row, builds[name])
    return found


def _role(home: Home, name: str, row: Addon) -> Resources:
    if row.policy is None:
        return {}
    own = f"{name}-role"
    return {
        own: role(pod_trust()),
        f"{name}-rights": attached(own, home.managed_policy(row.policy)),
    }


def _addon(name: str, row: Addon, build: str) -> Resource:
    properties: dict[str, Any] = {
        "clusterName": ref("cluster", "name"),
        "addonName": name,
        "addonVersion": build,
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "OVERWRITE",
    }
    if row.settings:
        properties["configurationValues"] = json.dumps(row.settings, sort_keys=True)
    if row.account:
        association = {"serviceAccount": row.account, "roleArn": ref(f"{name}-role", "arn")}
        properties["podIdentityAssociations"] = [association]
    needs = (f"{name}-rights",) if row.policy else ()
    nodes = () if row.before_nodes else (f"group-{SYSTEM}",)
    return Resource(type="aws:eks/addon:Addon", properties=properties, needs=(*needs, *nodes))
