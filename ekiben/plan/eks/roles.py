"""Roles of IAM and what they may do, as resources."""

from .names import Home
from .policy import Document, trust
from .resource import Resource, Resources, ref


def role(trusted: Document) -> Resource:
    """A role that those may take on whom the document trusts."""
    return Resource(type="aws:iam/role:Role", properties={"assumeRolePolicy": trusted})


def attached(role: str, policy: str) -> Resource:
    """A policy that exists, attached to a role of the plan."""
    return Resource(
        type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        properties={"role": ref(role, "name"), "policyArn": policy},
    )


def entitled(role: str, rights: Document) -> Resource:
    """Rights of a role's own."""
    return Resource(
        type="aws:iam/rolePolicy:RolePolicy",
        properties={"role": ref(role), "policy": rights},
    )


def node_role(home: Home, prefix: str) -> Resources:
    """What a node may do: join its cluster, hand roles to pods, pull images.

    The role comes first, `<prefix>-role`; nodes need the policies after it.
    """
    name = f"{prefix}-role"
    policies = {
        "worker": "AmazonEKSWorkerNodePolicy",
        "images": "AmazonEC2ContainerRegistryPullOnly",
    }
    attachments = {
        f"{prefix}-{of}": attached(name, home.managed_policy(policy))
        for of, policy in policies.items()
    }
    return {name: role(trust("ec2.amazonaws.com")), **attachments}
