"""The control plane: the cluster itself, its rights, its logs, and who may enter."""

from ekiben.spec import digest
from ekiben.spec.eks import EksCluster

from . import network
from .names import Home, log_group
from .policy import allow, document, trust
from .resource import CALLER, Resource, Resources, ref
from .roles import attached, entitled, role
from .subnets import service_cidr

LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]


def cluster(home: Home, spec: EksCluster) -> Resources:
    return {**_logs(home, spec), **_role(home), **_cluster(home, spec), **_admins(home, spec)}


def _logs(home: Home, spec: EksCluster) -> Resources:
    """There before the cluster, which would else make a group that keeps logs for ever."""
    properties = {
        "name": log_group(home.cluster),
        "retentionInDays": spec.log_retention,
        "kmsKeyId": ref("key", "arn"),
    }
    return {"logs": Resource(type="aws:cloudwatch/logGroup:LogGroup", properties=properties)}


def _role(home: Home) -> Resources:
    use_key = ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ListGrants"]
    return {
        "cluster-role": role(trust("eks.amazonaws.com")),
        "cluster-rights": attached("cluster-role", home.managed_policy("AmazonEKSClusterPolicy")),
        "cluster-key": entitled(
            "cluster-role", document(allow("Key", use_key, [ref("key", "arn")]))
        ),
    }


def _cluster(home: Home, spec: EksCluster) -> Resources:
    services = service_cidr(network.cidr(spec.network))
    public = spec.endpoint.public_cidrs
    return {
        "cluster": Resource(
            type="aws:eks/cluster:Cluster",
            properties={
                "name": home.cluster,
                "version": spec.kubernetes,
                "roleArn": ref("cluster-role", "arn"),
                "accessConfig": {
                    "authenticationMode": "API",
                    "bootstrapClusterCreatorAdminPermissions": False,
                },
                # EKS's unmanaged copies of what the table of add-ons has would only be in its way.
                "bootstrapSelfManagedAddons": False,
                "vpcConfig": {
                    "subnetIds": network.private_subnets(spec.network),
                    "endpointPrivateAccess": True,
                    "endpointPublicAccess": bool(public),
                    **({"publicAccessCidrs": sorted(public)} if public else {}),
                },
                "kubernetesNetworkConfig": {"serviceIpv4Cidr": services},
                "enabledClusterLogTypes": LOGS,
                "encryptionConfig": {
                    "provider": {"keyArn": ref("key", "arn")},
                    "resources": ["secrets"],
                },
                "upgradePolicy": {"supportType": "STANDARD"},
                "zonalShiftConfig": {"enabled": True},
                "deletionProtection": spec.protect,
            },
            protect=spec.protect,
            needs=("logs", "cluster-rights", "cluster-key"),
        )
    }


def _admins(home: Home, spec: EksCluster) -> Resources:
    """An entry for each of the admins named, else for whoever runs the engine: the cluster's
    creator has no rights of its own in it."""
    named = {f"admin-{digest(principal, 8)}": principal for principal in sorted(spec.admins)}
    policy = cluster_policy(home, "AmazonEKSClusterAdminPolicy")
    found: Resources = {}
    for name, principal in (named or {"admin-caller": CALLER}).items():
        found[name] = entry(principal)
        found[f"{name}-rights"] = admitted(name, policy, {"type": "cluster"})
    return found


def entry(principal: str, kind: str = "STANDARD") -> Resource:
    """Lets a role or user into the cluster, by itself without any right there."""
    return Resource(
        type="aws:eks/accessEntry:AccessEntry",
        properties={
            "clusterName": ref("cluster", "name"),
            "principalArn": principal,
            "type": kind,
        },
    )


def admitted(entry_name: str, policy: str, scope: dict[str, object]) -> Resource:
    """Gives the principal of an entry one of EKS's own sets of rights."""
    return Resource(
        type="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        properties={
            "clusterName": ref("cluster", "name"),
            "principalArn": ref(entry_name, "principalArn"),
            "policyArn": policy,
            "accessScope": scope,
        },
    )


def cluster_policy(home: Home, name: str) -> str:
    return f"arn:{home.partition}:eks::aws:cluster-access-policy/{name}"
