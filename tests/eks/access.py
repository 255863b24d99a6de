"""Access entries as Kubernetes sees them: user, groups, and what EKS's policies allow these.

EKS has an authorizer of its own for access policies. Here each policy, in each of its scopes, is a
group of the user, bound to the Kubernetes role that comes nearest
(https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html).
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

Document = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"
SEE_ALL = "eks:see-all"
ROLES = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSAdminViewPolicy": SEE_ALL,
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
}
"""Policies for people. Those for EKS's own machinery give nobody anything here."""

SESSION = re.compile(r"arn:([\w-]+):sts::(\d+):assumed-role/(.+)/([^/]+)")


def entry_of(arn: str, entries: Iterable[Document]) -> Document | None:
    """The access entry that lets in whom STS knows by `arn`; a session enters as its role."""
    session = SESSION.fullmatch(arn)
    if session is None:
        return next((entry for entry in entries if entry["principalArn"] == arn), None)
    partition, account, role, _ = session.groups()
    # STS leaves out the role's path, which the entry has.
    wanted = re.compile(rf"arn:{partition}:iam::{account}:role/(.+/)?{re.escape(role)}")
    return next((entry for entry in entries if wanted.fullmatch(entry["principalArn"])), None)


def user(arn: str, entry: Document) -> Document:
    """The user of Kubernetes that an entry makes of a caller."""
    found = SESSION.fullmatch(arn)
    session = found[4] if found else ""
    name = re.sub(r"\{\{(SessionName|EC2PrivateDNSName)\}\}", session, entry["username"])
    groups = [group for association in entry["policies"] for group in _groups(association)]
    return {
        "username": name,
        "groups": [*entry["kubernetesGroups"], *groups],
        "extra": {"arn": [arn], "canonicalArn": [entry["principalArn"]]},
    }


def _groups(association: Document) -> list[str]:
    policy = association["policyArn"].rpartition("/")[2]
    scope = association["accessScope"]
    if scope["type"] == "cluster":
        return [_group(policy)]
    return [_group(policy, pattern) for pattern in scope["namespaces"]]


def _group(policy: str, pattern: str = "") -> str:
    return ":".join(["eks", policy, *([pattern] if pattern else [])])


def everywhere() -> list[Document]:
    """What policies with the scope 'cluster' allow."""
    see_all = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": SEE_ALL},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}],
    }
    return [see_all, *(_binding("ClusterRoleBinding", policy) for policy in ROLES)]


def in_namespaces(entries: Iterable[Document], namespaces: Sequence[str]) -> list[Document]:
    """What policies with the scope 'namespace' allow, in those of theirs that are there.

    A binding may stay longer than the association: nobody is in its group by then.
    """
    associations = [each for entry in entries for each in entry["policies"]]
    scoped = {
        (association["policyArn"].rpartition("/")[2], pattern)
        for association in associations
        for pattern in association["accessScope"]["namespaces"]
    }
    return [
        _binding("RoleBinding", policy, pattern, namespace)
        for policy, pattern in sorted(scoped)
        for namespace in namespaces
        if policy in ROLES and fnmatchcase(namespace, pattern)
    ]


def _binding(kind: str, policy: str, pattern: str = "", namespace: str = "") -> Document:
    group = _group(policy, pattern)
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": kind,
        "metadata": {"name": group, **({"namespace": namespace} if namespace else {})},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group}],
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": ROLES[policy]},
    }
