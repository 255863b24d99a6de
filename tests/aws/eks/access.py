"""Access entries: who may enter a cluster; access policies: with which of EKS's sets of rights."""

import re
from copy import deepcopy

from tests.aws.eks import around
from tests.aws.place import Cluster, Place, fresh_id, now
from tests.aws.wire import Document, Refusal

POLICIES = [
    *("AmazonEKSAdminPolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSAdminViewPolicy"),
    *("AmazonEKSEditPolicy", "AmazonEKSViewPolicy"),
    *("AmazonEKSAutoNodePolicy", "AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy"),
    *("AmazonEKSNetworkingPolicy", "AmazonEKSComputePolicy", "AmazonEKSHybridPolicy"),
]
"""https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html"""

NODES = {"EC2_LINUX", "EC2_WINDOWS", "HYBRID_LINUX", "HYPERPOD_LINUX", "FARGATE_LINUX"}
TYPES = {"STANDARD", "EC2", *NODES}
PRINCIPAL = re.compile(r"arn:[-a-z]+:iam::\d{12}:(?:(?:role|user)/.+|root)")
RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")
INVALID = "InvalidParameterException"


def create_access_entry(place: Place, given: Document) -> Document:
    cluster = _with_entries(place, given)
    principal, kind = given["principalArn"], given.get("type", "STANDARD")
    if principal in cluster.entries:
        message = "The specified access entry resource is already in use on this cluster"
        raise Refusal("ResourceInUseException", f"{message}: {principal}")
    if kind not in TYPES:
        raise Refusal(INVALID, f"The specified type {kind!r} is none of {sorted(TYPES)}")
    if kind != "STANDARD" and (given.get("kubernetesGroups") or given.get("username")):
        raise Refusal(INVALID, f"An entry of type {kind} takes neither groups nor a user name")
    _check_principal(place, principal)
    _check_username(given.get("username"))
    return {"accessEntry": deepcopy(_enter(place, cluster, principal, kind, given))}


def _with_entries(place: Place, given: Document) -> Cluster:
    cluster = place.cluster(given["clusterName"])
    if cluster.record["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        message = "The cluster's authentication mode must be set to API or API_AND_CONFIG_MAP"
        raise Refusal("InvalidRequestException", message)
    return cluster


def _check_principal(place: Place, principal: str) -> None:
    """An IAM user or role, never a session; a role of this account has to be there."""
    ours = place.iam("role/")
    absent = principal.startswith(ours) and not around.role_exists(place, principal)
    if not PRINCIPAL.fullmatch(principal) or absent:
        message = f"The specified principalArn is invalid: invalid principal {principal}"
        raise Refusal(INVALID, message)


def _check_username(username: str | None) -> None:
    if username and username.startswith(RESERVED):
        raise Refusal(INVALID, f"The username {username!r} starts with one of {RESERVED}")


def _enter(
    place: Place, cluster: Cluster, principal: str, kind: str, given: Document | None = None
) -> Document:
    given = given or {}
    name = principal.partition(":iam::")[2].partition(":")[2]
    groups = ["system:nodes"] if kind in NODES else given.get("kubernetesGroups", [])
    entry = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": groups,
        "accessEntryArn": place.arn("eks", f"access-entry/{cluster.name}/{name}/{fresh_id()}"),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": given.get("tags", {}),
        "username": given.get("username") or _username(principal, kind),
        "type": kind,
    }
    cluster.entries[principal] = entry
    return entry


def _username(principal: str, kind: str) -> str:
    if kind in NODES:
        return "system:node:{{EC2PrivateDNSName}}"
    if ":role/" not in principal:
        return principal
    role = principal.rpartition("/")[2]
    _, partition, _, _, account, _ = principal.split(":", 5)
    return f"arn:{partition}:sts::{account}:assumed-role/{role}/{{{{SessionName}}}}"


def bootstrap_entry(place: Place, cluster: Cluster) -> None:
    """The creator's own entry, where the request asked for it."""
    creator = place.iam("user/moto")
    _enter(place, cluster, creator, "STANDARD")
    admin = _policy(place, "AmazonEKSClusterAdminPolicy")
    _associate(cluster, creator, admin, {"type": "cluster"})


def node_entry(place: Place, cluster: Cluster, role: str) -> None:
    """EKS lets the nodes of a managed group in by itself."""
    mode = cluster.record["accessConfig"]["authenticationMode"]
    if mode != "CONFIG_MAP" and role not in cluster.entries:
        _enter(place, cluster, role, "EC2_LINUX")


def _entry(place: Place, given: Document) -> tuple[Cluster, Document]:
    cluster = _with_entries(place, given)
    found = cluster.entries.get(given["principalArn"])
    if found is None:
        message = f"The specified principalArn could not be found: {given['principalArn']}"
        raise Refusal("ResourceNotFoundException", message, clusterName=cluster.name)
    return cluster, found


def describe_access_entry(place: Place, given: Document) -> Document:
    return {"accessEntry": deepcopy(_entry(place, given)[1])}


def update_access_entry(place: Place, given: Document) -> Document:
    _, entry = _entry(place, given)
    if entry["type"] != "STANDARD":
        raise Refusal("InvalidRequestException", f"Entries of type {entry['type']} do not change")
    _check_username(given.get("username"))
    members = [key for key in ("kubernetesGroups", "username") if key in given]
    entry.update({key: given[key] for key in members}, modifiedAt=now())
    return {"accessEntry": deepcopy(entry)}


def delete_access_entry(place: Place, given: Document) -> Document:
    cluster, entry = _entry(place, given)
    principal = entry["principalArn"]
    del cluster.entries[principal]
    for key in [key for key in cluster.policies if key[0] == principal]:
        del cluster.policies[key]
    return {}


def list_access_entries(place: Place, given: Document) -> Document:
    cluster = _with_entries(place, given)
    policy = given.get("associatedPolicyArn")
    with_policy = {principal for principal, arn in cluster.policies if arn == policy}
    return {"accessEntries": sorted(with_policy if policy else cluster.entries)}


def list_access_policies(place: Place, given: Document) -> Document:  # noqa: ARG001
    return {"accessPolicies": [{"name": name, "arn": _policy(place, name)} for name in POLICIES]}


def _policy(place: Place, name: str) -> str:
    return f"arn:{place.partition}:eks::aws:cluster-access-policy/{name}"


def associate_access_policy(place: Place, given: Document) -> Document:
    cluster, entry = _entry(place, given)
    policy, scope = given["policyArn"], given["accessScope"]
    if policy not in [_policy(place, name) for name in POLICIES]:
        raise Refusal(INVALID, f"The policyArn parameter format is not valid: {policy}")
    if entry["type"] != "STANDARD":
        message = f"Access policies cannot be associated with entries of type {entry['type']}"
        raise Refusal("InvalidRequestException", message)
    if (scope.get("type") == "namespace") != bool(scope.get("namespaces")):
        raise Refusal(INVALID, "Namespaces go with the scope 'namespace', and only with it")
    made = _associate(cluster, entry["principalArn"], policy, scope)
    return {
        "clusterName": cluster.name,
        "principalArn": entry["principalArn"],
        "associatedAccessPolicy": deepcopy(made),
    }


def _associate(cluster: Cluster, principal: str, policy: str, scope: Document) -> Document:
    before = cluster.policies.get((principal, policy), {})
    made: Document = {
        "policyArn": policy,
        "accessScope": {"type": scope["type"], "namespaces": scope.get("namespaces", [])},
        "associatedAt": before.get("associatedAt", now()),
        "modifiedAt": now(),
    }
    cluster.policies[principal, policy] = made
    return made


def disassociate_access_policy(place: Place, given: Document) -> Document:
    cluster, entry = _entry(place, given)
    if cluster.policies.pop((entry["principalArn"], given["policyArn"]), None) is None:
        raise Refusal("ResourceNotFoundException", f"{given['policyArn']} is not associated")
    return {}


def list_associated_access_policies(place: Place, given: Document) -> Document:
    cluster, entry = _entry(place, given)
    found = [made for (who, _), made in cluster.policies.items() if who == entry["principalArn"]]
    return {
        "clusterName": cluster.name,
        "principalArn": entry["principalArn"],
        "associatedAccessPolicies": deepcopy(found),
    }
