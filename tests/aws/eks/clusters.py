"""Clusters: made, described, changed one kind of thing at a time, upgraded one minor at a time."""

from copy import deepcopy
from typing import Any

from tests.aws.eks import around
from tests.aws.eks.access import bootstrap_entry
from tests.aws.eks.table import DEFAULT_VERSION, VERSIONS
from tests.aws.eks.updates import ensure_idle, update
from tests.aws.place import Cluster, Place, fresh_id, now
from tests.aws.wire import Document, Refusal

INVALID = "InvalidParameterException"
LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

AS_GIVEN = ("tags", "encryptionConfig", "zonalShiftConfig", "remoteNetworkConfig")
WITH_DEFAULTS: dict[str, Any] = {
    "upgradePolicy": {"supportType": "EXTENDED"},
    "computeConfig": {"enabled": False, "nodePools": []},
    "storageConfig": {"blockStorage": {"enabled": False}},
    "controlPlaneScalingConfig": {"tier": "standard"},
    "deletionProtection": False,
}
"""Members of a cluster, and what EKS makes of them where a request leaves them out."""

NETWORK = {
    "serviceIpv4Cidr": "172.20.0.0/16",
    "ipFamily": "ipv4",
    "elasticLoadBalancing": {"enabled": False},
}

KINDS = {
    "resourcesVpcConfig": "VpcConfigUpdate",
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "computeConfig": "AutoModeUpdate",
    "kubernetesNetworkConfig": "AutoModeUpdate",
    "storageConfig": "AutoModeUpdate",
    "remoteNetworkConfig": "RemoteNetworkConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "controlPlaneScalingConfig": "ControlPlaneScalingConfigUpdate",
}
"""Type of the update that a member of UpdateClusterConfig makes."""

PARAMETERS = {
    "resourcesVpcConfig": "Subnets",
    "logging": "ClusterLogging",
    "accessConfig": "AuthenticationMode",
    "controlPlaneScalingConfig": "UpdatedTier",
}
ENDPOINT = {"endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs"}
MODES = {"CONFIG_MAP": {"API_AND_CONFIG_MAP"}, "API_AND_CONFIG_MAP": {"API"}, "API": set[str]()}
"""Authentication modes that may follow each."""


def create_cluster(place: Place, given: Document) -> Document:
    name = given["name"]
    if name in place.clusters:
        raise Refusal("ResourceInUseException", f"Cluster already exists with name: {name}")
    version = given.get("version", DEFAULT_VERSION)
    if version not in VERSIONS:
        raise Refusal(INVALID, f"unsupported Kubernetes version {version}")
    around.check_role(place, given["roleArn"], "eks.amazonaws.com")
    for config in given.get("encryptionConfig", []):
        around.check_key(place, config["provider"]["keyArn"])
    access = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True}
    made = Cluster(
        {
            "name": name,
            "arn": place.arn("eks", f"cluster/{name}"),
            "createdAt": now(),
            "version": version,
            "endpoint": place.settings.eks_endpoint,
            "roleArn": given["roleArn"],
            "resourcesVpcConfig": _network_of(place, name, given["resourcesVpcConfig"]),
            "kubernetesNetworkConfig": NETWORK | given.get("kubernetesNetworkConfig", {}),
            "logging": _logging([], given.get("logging", {})),
            "identity": {"oidc": {"issuer": _issuer(place)}},
            "status": "CREATING",
            "certificateAuthority": {"data": place.settings.eks_ca},
            "platformVersion": VERSIONS[version].platform,
            "health": {"issues": []},
            "accessConfig": access | given.get("accessConfig", {}),
            **{key: given[key] for key in AS_GIVEN if key in given},
            **{key: given.get(key, deepcopy(usual)) for key, usual in WITH_DEFAULTS.items()},
        },
        own_addons=given.get("bootstrapSelfManagedAddons", True),
    )
    if made.record["accessConfig"]["bootstrapClusterCreatorAdminPermissions"]:
        bootstrap_entry(place, made)
    _keep_logs(place, made)
    network = made.record["resourcesVpcConfig"]
    around.join(place, name, network["clusterSecurityGroupId"], network["subnetIds"])
    place.clusters[name] = made
    answer = deepcopy(made.record)
    made.later(place.settings.polls, lambda: made.record.update(status="ACTIVE"))
    return {"cluster": answer}


def _issuer(place: Place) -> str:
    return f"https://oidc.eks.{place.region}.amazonaws.com/id/{fresh_id().replace('-', '').upper()}"


def _network_of(place: Place, name: str, given: Document) -> Document:
    found = around.subnets(place, given.get("subnetIds", []))
    if len({subnet.zone for subnet in found}) < 2:
        raise Refusal(INVALID, "Subnets specified must be in at least two different AZs")
    if len({subnet.vpc for subnet in found}) > 1:
        raise Refusal(INVALID, "Subnets specified must be in the same VPC")
    around.check_groups(place, given.get("securityGroupIds", []))
    public = given.get("endpointPublicAccess", True)
    if not public and not given.get("endpointPrivateAccess", False):
        raise Refusal(INVALID, "Private and public endpoint access cannot both be false")
    return {
        "subnetIds": given["subnetIds"],
        "securityGroupIds": given.get("securityGroupIds", []),
        "clusterSecurityGroupId": around.cluster_group(place, name, found[0].vpc),
        "vpcId": found[0].vpc,
        "endpointPublicAccess": public,
        "endpointPrivateAccess": given.get("endpointPrivateAccess", False),
        "publicAccessCidrs": given.get("publicAccessCidrs", ["0.0.0.0/0"]) if public else [],
    }


def _logging(enabled: list[str], given: Document) -> Document:
    for setup in given.get("clusterLogging", []):
        named = set(setup.get("types", []))
        kept = set(enabled) - named
        enabled = [t for t in LOG_TYPES if t in kept or (t in named and setup.get("enabled"))]
    off = [each for each in LOG_TYPES if each not in enabled]
    setups = [{"types": enabled, "enabled": True}, {"types": off, "enabled": False}]
    return {"clusterLogging": [setup for setup in setups if setup["types"]]}


def _enabled(cluster: Cluster) -> list[str]:
    setups = cluster.record["logging"]["clusterLogging"]
    return [kind for setup in setups if setup["enabled"] for kind in setup["types"]]


def _keep_logs(place: Place, cluster: Cluster) -> None:
    if _enabled(cluster):
        around.make_log_group(place, f"/aws/eks/{cluster.name}/cluster")


def describe_cluster(place: Place, given: Document) -> Document:
    return {"cluster": deepcopy(place.cluster(given["name"]).record)}


def list_clusters(place: Place, given: Document) -> Document:  # noqa: ARG001
    return {"clusters": sorted(place.clusters)}


def delete_cluster(place: Place, given: Document) -> Document:
    cluster = place.cluster(given["name"])
    if cluster.record["deletionProtection"]:
        raise Refusal(
            "InvalidRequestException",
            f"Cluster {cluster.name} has deletion protection: disable it before the deletion",
            clusterName=cluster.name,
        )
    if cluster.node_groups:
        raise Refusal(
            "ResourceInUseException",
            "Cluster has nodegroups attached",
            clusterName=cluster.name,
            nodegroupName=",".join(sorted(cluster.node_groups)),
        )
    ensure_idle(cluster)
    cluster.record["status"] = "DELETING"
    answer = deepcopy(cluster.record)

    def gone() -> None:
        place.clusters.pop(cluster.name)
        around.leave(place, cluster.name)
        group = cluster.record["resourcesVpcConfig"]["clusterSecurityGroupId"]
        around.remove_cluster_group(place, group)

    cluster.later(place.settings.polls, gone)
    return {"cluster": answer}


def update_cluster_config(place: Place, given: Document) -> Document:
    cluster = place.cluster(given["name"])
    ensure_idle(cluster)
    members = [member for member in KINDS if member in given]
    kinds = {KINDS[member] for member in members}
    if len(kinds) != 1:
        raise Refusal(INVALID, f"Only one type of update can be allowed, not {sorted(kinds)}")
    kind = kinds.pop()
    changed = deepcopy(cluster.record)
    for member in members:
        changed[member] = _changed(place, cluster, member, given[member])
    if changed == cluster.record:
        raise Refusal(INVALID, f"Cluster is already at the desired configuration: {members}")
    if kind == "VpcConfigUpdate" and set(given["resourcesVpcConfig"]) <= ENDPOINT:
        kind = "EndpointAccessUpdate"
    cluster.record.update(changed)
    _keep_logs(place, cluster)
    said = {_parameter(member): given[member] for member in members}
    return update(place, cluster, kind, said)


def _parameter(member: str) -> str:
    return PARAMETERS.get(member, member[0].upper() + member[1:])


def _changed(place: Place, cluster: Cluster, member: str, wanted: Any) -> Any:
    """A member as it will be."""
    before: Any = cluster.record.get(member)
    if member == "logging":
        return _logging(_enabled(cluster), wanted)
    if member == "deletionProtection":
        return wanted
    if member == "accessConfig":
        mode, then = before["authenticationMode"], wanted["authenticationMode"]
        if then != mode and then not in MODES[mode]:
            raise Refusal("InvalidRequestException", f"Unsupported change from {mode} to {then}")
    if member == "resourcesVpcConfig":
        around.subnets(place, wanted.get("subnetIds", []))
        around.check_groups(place, wanted.get("securityGroupIds", []))
    merged = (before or {}) | wanted
    if member == "resourcesVpcConfig":
        if not merged["endpointPublicAccess"]:
            merged["publicAccessCidrs"] = []
        elif not merged["publicAccessCidrs"]:
            merged["publicAccessCidrs"] = ["0.0.0.0/0"]
    return merged


def update_cluster_version(place: Place, given: Document) -> Document:
    cluster = place.cluster(given["name"])
    ensure_idle(cluster)
    before, wanted = cluster.record["version"], given["version"]
    if wanted not in VERSIONS:
        raise Refusal(INVALID, f"unsupported Kubernetes version {wanted}")
    if minor(wanted) != minor(before) + 1:
        raise Refusal(INVALID, f"Unsupported Kubernetes minor version update from {before}")
    old = [n for n, g in cluster.node_groups.items() if minor(g["version"]) < minor(wanted) - 3]
    if old:
        raise Refusal("InvalidRequestException", f"Node groups {old} are too old for {wanted}")
    cluster.record.update(version=wanted, platformVersion=VERSIONS[wanted].platform)
    return update(place, cluster, "VersionUpdate", {"Version": wanted})


def minor(version: str) -> int:
    return int(version.split(".")[1])


def associate_encryption_config(place: Place, given: Document) -> Document:
    cluster = place.cluster(given["clusterName"])
    ensure_idle(cluster)
    if cluster.record.get("encryptionConfig"):
        raise Refusal("ResourceInUseException", "Cluster already has an encryption config")
    around.check_key(place, given["encryptionConfig"][0]["provider"]["keyArn"])
    cluster.record["encryptionConfig"] = given["encryptionConfig"]
    said = {"EncryptionConfig": given["encryptionConfig"]}
    return update(place, cluster, "AssociateEncryptionConfig", said)
