"""Names and tags of what is made in AWS: the only place they are written.

A resource's physical name is left to the engine, which adds 8 characters to the logical one, so
that a new one can be there before the old one goes. Names that people type or that AWS itself
fixes are given.
"""

from dataclasses import dataclass
from typing import Any

from ekiben.plan.labels import STACK

MANAGED_BY = "ekiben.dev/managed-by"
CLUSTER = "ekiben.dev/cluster"
DISCOVERY = "karpenter.sh/discovery"
"""Tag by which Karpenter finds subnets and security groups."""


def tags(stack: str, cluster: str) -> dict[str, str]:
    """What every resource is tagged with, by the provider's default tags."""
    return {MANAGED_BY: "ekiben", STACK: stack, CLUSTER: cluster}


def named(name: str, **more: str) -> dict[str, Any]:
    """Tags that show `name` in the console."""
    return {"tags": {"Name": name, **more}}


def log_group(cluster: str) -> str:
    """Where EKS itself writes the control plane's logs."""
    return f"/aws/eks/{cluster}/cluster"


def flow_log_group(cluster: str) -> str:
    """Where records of the VPC's connections go."""
    return f"/ekiben/{cluster}/flow-logs"


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where a cluster is: its names in Ekiben and AWS, and what stands in its ARNs."""

    stack: str
    cluster: str
    region: str
    partition: str
    account: str
    """Twelve digits, or the reference that gives them late."""

    def arn(self, service: str, resource: str) -> str:
        """Of something in the account and the region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def iam(self, resource: str) -> str:
        """Of something in IAM, which has no regions."""
        return f"arn:{self.partition}:iam::{self.account}:{resource}"

    def managed_policy(self, name: str) -> str:
        """Of a policy that AWS keeps."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"

    def name(self, role: str) -> str:
        """What the console shows of a part of the cluster."""
        return f"{self.cluster}-{role}"
