"""Managed node groups, with every field that EKS describes."""

from copy import deepcopy
from typing import Any

from tests.aws.eks import around
from tests.aws.eks.access import node_entry
from tests.aws.eks.clusters import minor
from tests.aws.eks.table import VERSIONS
from tests.aws.eks.updates import update
from tests.aws.place import Cluster, Place, fresh_id, now
from tests.aws.wire import Document, Refusal

INVALID = "InvalidParameterException"
PATIENCE = 15
"""Looks at a group whose nodes cannot join, until EKS gives it up."""

AS_GIVEN = ("remoteAccess", "taints", "warmPoolConfig")
NO_NETWORK = "Instances failed to join the kubernetes cluster: no CNI plugin is in the cluster"

PARAMETERS = {
    "scalingConfig": {"minSize": "MinSize", "maxSize": "MaxSize", "desiredSize": "DesiredSize"},
    "labels": {"addOrUpdateLabels": "LabelsToAdd", "removeLabels": "LabelsToRemove"},
    "taints": {"addOrUpdateTaints": "TaintsToAdd", "removeTaints": "TaintsToRemove"},
    "updateConfig": {
        "maxUnavailable": "MaxUnavailable",
        "maxUnavailablePercentage": "MaxUnavailablePercentage",
        "updateStrategy": "UpdateStrategy",
    },
    "nodeRepairConfig": {"enabled": "NodeRepairEnabled"},
    "warmPoolConfig": {"enabled": "WarmPoolEnabled"},
}
"""What an update says that it changes, by member of UpdateNodegroupConfig."""


def create_nodegroup(place: Place, given: Document) -> Document:
    cluster = place.cluster(given["clusterName"])
    name = given["nodegroupName"]
    if name in cluster.node_groups:
        message = f"NodeGroup already exists with name {name} and cluster name {cluster.name}"
        raise Refusal("ResourceInUseException", message, nodegroupName=name)
    if cluster.record["status"] not in ("ACTIVE", "UPDATING"):
        message = f"Cluster '{cluster.name}' is not in ACTIVE status"
        raise Refusal("InvalidRequestException", message)
    around.subnets(place, given["subnets"])
    around.check_role(place, given["nodeRole"], "ec2.amazonaws.com")
    _check_version(cluster, given.get("version"))
    group = _made(place, cluster, given)
    cluster.node_groups[name] = group
    node_entry(place, cluster, given["nodeRole"])
    answer = deepcopy(group)
    cluster.later(place.settings.polls, lambda: _join(cluster, group))
    return {"nodegroup": answer}


def _check_version(cluster: Cluster, version: str | None) -> None:
    if version and minor(version) > minor(cluster.record["version"]):
        raise Refusal(INVALID, f"Node version {version} is newer than the cluster's")


def _made(place: Place, cluster: Cluster, given: Document) -> Document:
    name = given["nodegroupName"]
    identity = fresh_id()
    version = given.get("version", cluster.record["version"])
    group: Document = {
        "nodegroupName": name,
        "nodegroupArn": place.arn("eks", f"nodegroup/{cluster.name}/{name}/{identity}"),
        "clusterName": cluster.name,
        "version": version,
        "releaseVersion": given.get("releaseVersion", VERSIONS[version].ami_release),
        "createdAt": now(),
        "modifiedAt": now(),
        "status": "CREATING",
        "capacityType": given.get("capacityType", "ON_DEMAND"),
        "scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 2}
        | given.get("scalingConfig", {}),
        "subnets": given["subnets"],
        "nodeRole": given["nodeRole"],
        "labels": given.get("labels", {}),
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{identity}"}]},
        "health": {"issues": []},
        "updateConfig": given.get("updateConfig", {"maxUnavailable": 1}),
        "nodeRepairConfig": given.get("nodeRepairConfig", {"enabled": False}),
        "tags": given.get("tags", {}),
        **_machines(place, given),
        **{key: given[key] for key in AS_GIVEN if key in given},
    }
    _check(group)
    return group


def _machines(place: Place, given: Document) -> Document:
    """Image, types, disk and launch template, which exclude each other in part."""
    template, disk = given.get("launchTemplate"), given.get("diskSize")
    image = given.get("amiType", "AL2023_x86_64_STANDARD")
    types = given.get("instanceTypes", [])
    if template is None:
        _check_types(place, types or ["t3.medium"], image)
        return {
            "amiType": image,
            "instanceTypes": types or ["t3.medium"],
            "diskSize": 20 if disk is None else disk,
        }
    found = around.launch_template(place, template)
    if disk is not None:
        raise Refusal(INVALID, "Disk size must be specified within the launch template.")
    if "remoteAccess" in given:
        raise Refusal(
            INVALID, "Remote access configuration cannot be specified with a launch template."
        )
    own = found.data.get("InstanceType")
    if own and types:
        raise Refusal(INVALID, "Instance types stand in the request and in the launch template")
    if found.data.get("ImageId") and "amiType" in given:
        raise Refusal(INVALID, "An image stands in the launch template: leave amiType out")
    if found.data.get("IamInstanceProfile"):
        raise Refusal(INVALID, "Launch template should not specify an instance profile")
    _check_types(place, types or [own or "t3.medium"], image)
    chosen = types or ([] if own else ["t3.medium"])
    return {
        "amiType": "CUSTOM" if found.data.get("ImageId") else image,
        "launchTemplate": {"id": found.id, "name": found.name, "version": found.version},
        **({"instanceTypes": chosen} if chosen else {}),
    }


def _check_types(place: Place, types: list[str], image: str) -> None:
    wanted = "arm64" if "ARM_64" in image else "x86_64"
    for each in types:
        if image != "CUSTOM" and wanted not in around.architectures(place, [each]):
            raise Refusal(INVALID, f"[{each}] is not a valid instance type for amiType {image}")


def _check(group: Document) -> None:
    """What has to hold for any group, new or changed."""
    size = group["scalingConfig"]
    if not size["minSize"] <= size["desiredSize"] <= size["maxSize"] or size["maxSize"] < 1:
        raise Refusal(INVALID, f"Not minSize <= desiredSize <= maxSize, with maxSize > 0: {size}")
    keys = [(taint["key"], taint["effect"]) for taint in group.get("taints", [])]
    if len({*keys}) != len(keys):
        raise Refusal(INVALID, "Two taints have the same key and effect")
    if len({"maxUnavailable", "maxUnavailablePercentage"} & group["updateConfig"].keys()) > 1:
        raise Refusal(INVALID, "maxUnavailable and maxUnavailablePercentage exclude each other")


def _join(cluster: Cluster, group: Document) -> None:
    """Nodes join as soon as there is a CNI plugin; without one EKS gives up in the end."""
    name = group["nodegroupName"]
    if group["status"] != "CREATING":
        return
    networked = cluster.own_addons or "vpc-cni" in cluster.addons
    if networked or not group["scalingConfig"]["desiredSize"]:
        group["status"] = "ACTIVE"
        return
    cluster.looks[name] = cluster.looks.get(name, 0) + 1
    if cluster.looks[name] > PATIENCE:
        issue = {"code": "NodeCreationFailure", "message": NO_NETWORK}
        group.update(status="CREATE_FAILED", health={"issues": [issue]})
        return
    cluster.later(1, lambda: _join(cluster, group))


def _group(place: Place, given: Document) -> tuple[Cluster, Document]:
    cluster = place.cluster(given["clusterName"])
    found = cluster.node_groups.get(given["nodegroupName"])
    if found is None:
        message = f"No node group found for name: {given['nodegroupName']}."
        raise Refusal("ResourceNotFoundException", message, clusterName=cluster.name)
    return cluster, found


def describe_nodegroup(place: Place, given: Document) -> Document:
    return {"nodegroup": deepcopy(_group(place, given)[1])}


def list_nodegroups(place: Place, given: Document) -> Document:
    return {"nodegroups": sorted(place.cluster(given["clusterName"]).node_groups)}


def delete_nodegroup(place: Place, given: Document) -> Document:
    cluster, group = _group(place, given)
    _ensure_idle(group)
    group["status"] = "DELETING"
    answer = deepcopy(group)
    cluster.later(
        place.settings.polls, lambda: cluster.node_groups.pop(group["nodegroupName"], None)
    )
    return {"nodegroup": answer}


def _ensure_idle(group: Document) -> None:
    if group["status"] in ("UPDATING", "DELETING"):
        message = f"Nodegroup {group['nodegroupName']}: another operation is in progress"
        raise Refusal("ResourceInUseException", message, nodegroupName=group["nodegroupName"])


def update_nodegroup_config(place: Place, given: Document) -> Document:
    cluster, group = _group(place, given)
    _ensure_idle(group)
    changed = deepcopy(group)
    changed["labels"] = _labels(group["labels"], given.get("labels", {}))
    changed["taints"] = _taints(group.get("taints", []), given.get("taints", {}))
    changed["scalingConfig"] |= given.get("scalingConfig", {})
    for member in ("updateConfig", "nodeRepairConfig", "warmPoolConfig"):
        if member in given:
            changed[member] = given[member]
    _check(changed)
    group.update(changed, modifiedAt=now())
    return update(place, cluster, "ConfigUpdate", _said(given), given["nodegroupName"], group)


def _labels(before: Document, wanted: Document) -> Document:
    gone = set(wanted.get("removeLabels", []))
    kept = {key: value for key, value in before.items() if key not in gone}
    added: Document = wanted.get("addOrUpdateLabels", {})
    return kept | added


def _taints(before: list[Document], wanted: Document) -> list[Document]:
    added = wanted.get("addOrUpdateTaints", [])
    replaced = {(t["key"], t["effect"]) for t in [*added, *wanted.get("removeTaints", [])]}
    return [*(t for t in before if (t["key"], t["effect"]) not in replaced), *added]


def _said(given: Document) -> dict[str, Any]:
    return {
        word: given[member][part]
        for member, words in PARAMETERS.items()
        for part, word in words.items()
        if part in given.get(member, {})
    }


def update_nodegroup_version(place: Place, given: Document) -> Document:
    cluster, group = _group(place, given)
    _ensure_idle(group)
    said: dict[str, Any] = {}
    if "launchTemplate" in given:
        found = around.launch_template(place, given["launchTemplate"])
        if found.id != group.get("launchTemplate", {}).get("id"):
            raise Refusal(INVALID, "A node group keeps its launch template, or has none for good")
        group["launchTemplate"] = {"id": found.id, "name": found.name, "version": found.version}
        said |= {"LaunchTemplateName": found.name, "LaunchTemplateVersion": found.version}
    version = given.get("version", group["version"])
    if "launchTemplate" not in given and "version" not in given:
        version = cluster.record["version"]
    _check_version(cluster, version)
    release = given.get("releaseVersion", VERSIONS[version].ami_release)
    group.update(version=version, releaseVersion=release, modifiedAt=now())
    said |= {"Version": version, "ReleaseVersion": release}
    return update(place, cluster, "VersionUpdate", said, given["nodegroupName"], group)
