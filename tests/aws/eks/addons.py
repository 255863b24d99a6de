"""EKS's own add-ons."""

import json
import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import jsonschema
import yaml

from tests.aws.eks import pod_identity
from tests.aws.eks.table import ADDONS, VERSIONS, Addon
from tests.aws.eks.updates import ensure_idle, update
from tests.aws.place import Cluster, Place, fresh_id, now
from tests.aws.wire import Document, Refusal

INVALID = "InvalidParameterException"
NO_NODES = {
    "code": "InsufficientNumberOfReplicas",
    "message": "The add-on is unhealthy because it doesn't have the desired number of replicas.",
}


def create_addon(place: Place, given: Document) -> Document:
    cluster = place.cluster(given["clusterName"])
    name = given["addonName"]
    if name in cluster.addons:
        raise Refusal("ResourceInUseException", "Addon already exists.", addonName=name)
    if cluster.record["status"] in ("CREATING", "DELETING"):
        ensure_idle(cluster)
    known = _known(name)
    version = given.get("addonVersion") or known.default(cluster.record["version"])
    _check_version(cluster, known, version)
    _check_values(known, given.get("configurationValues"))
    addon: Document = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "CREATING",
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": place.arn("eks", f"addon/{cluster.name}/{name}/{fresh_id()}"),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": given.get("tags", {}),
        "podIdentityAssociations": [],
        "namespaceConfig": {
            "namespace": given.get("namespaceConfig", {}).get("namespace", known.namespace)
        },
    }
    for member in ("serviceAccountRoleArn", "configurationValues"):
        if given.get(member):
            addon[member] = given[member]
    _associate(place, cluster, addon, given.get("podIdentityAssociations", []))
    cluster.addons[name] = addon
    answer = deepcopy(addon)
    cluster.later(place.settings.polls, lambda: _start(cluster, addon, known))
    return {"addon": answer}


def _known(name: str) -> Addon:
    if name not in ADDONS:
        raise Refusal("ResourceNotFoundException", f"Addon {name} is not found", addonName=name)
    return ADDONS[name]


def _check_version(cluster: Cluster, known: Addon, version: str) -> None:
    kubernetes = cluster.record["version"]
    if version not in known.versions.get(kubernetes, []):
        offered = ", ".join(known.versions.get(kubernetes, []))
        raise Refusal(
            INVALID,
            f"Addon version specified is not supported: {known.name} {version} with Kubernetes "
            f"{kubernetes} (the fake knows {offered})",
            addonName=known.name,
        )


def _check_values(known: Addon, values: str | None) -> None:
    try:
        jsonschema.validate(yaml.safe_load(values or "{}"), known.schema)
    except (yaml.YAMLError, jsonschema.ValidationError) as wrong:
        message = f"ConfigurationValue provided in request is not supported: {wrong}"
        raise Refusal(INVALID, message, addonName=known.name) from wrong


def _associate(place: Place, cluster: Cluster, addon: Document, wanted: list[Document]) -> None:
    """Give the add-on exactly these pod identities."""
    for arn in addon["podIdentityAssociations"]:
        del cluster.associations[arn.rpartition("/")[2]]
    request = {"clusterName": cluster.name, "namespace": addon["namespaceConfig"]["namespace"]}
    made = [
        pod_identity.create(place, request | each, owner=addon["addonArn"])["associationArn"]
        for each in wanted
    ]
    addon["podIdentityAssociations"] = made


def _start(cluster: Cluster, addon: Document, known: Addon) -> None:
    """What runs as a Deployment is healthy once there is a node for it."""
    if addon["status"] not in ("CREATING", "DEGRADED"):
        return
    if known.needs_nodes and not _has_nodes(cluster):
        addon.update(status="DEGRADED", health={"issues": [NO_NODES]})
        cluster.later(1, lambda: _start(cluster, addon, known))
        return
    addon.update(status="ACTIVE", health={"issues": []})


def _has_nodes(cluster: Cluster) -> bool:
    groups = cluster.node_groups.values()
    return any(g["status"] == "ACTIVE" and g["scalingConfig"]["desiredSize"] for g in groups)


def _addon(place: Place, given: Document) -> tuple[Cluster, Document]:
    cluster = place.cluster(given["clusterName"])
    found = cluster.addons.get(given["addonName"])
    if found is None:
        message = f"No addon: {given['addonName']} found in cluster: {cluster.name}"
        raise Refusal("ResourceNotFoundException", message, addonName=given["addonName"])
    return cluster, found


def describe_addon(place: Place, given: Document) -> Document:
    return {"addon": deepcopy(_addon(place, given)[1])}


def list_addons(place: Place, given: Document) -> Document:
    return {"addons": sorted(place.cluster(given["clusterName"]).addons)}


def update_addon(place: Place, given: Document) -> Document:
    cluster, addon = _addon(place, given)
    if addon["status"] == "UPDATING":
        message = f"Addon {addon['addonName']}: another operation is in progress"
        raise Refusal("ResourceInUseException", message, addonName=addon["addonName"])
    known = _known(addon["addonName"])
    said: dict[str, Any] = {}
    if "addonVersion" in given:
        _check_version(cluster, known, given["addonVersion"])
        addon["addonVersion"] = said["AddonVersion"] = given["addonVersion"]
    if "configurationValues" in given:
        _check_values(known, given["configurationValues"])
        addon["configurationValues"] = said["ConfigurationValues"] = given["configurationValues"]
    if "podIdentityAssociations" in given:
        _associate(place, cluster, addon, given["podIdentityAssociations"])
        said["PodIdentityAssociations"] = given["podIdentityAssociations"]
    # Left out, the add-on has the rights of its node from then on.
    addon.pop("serviceAccountRoleArn", None)
    if given.get("serviceAccountRoleArn"):
        addon["serviceAccountRoleArn"] = given["serviceAccountRoleArn"]
    addon["modifiedAt"] = now()
    return update(place, cluster, "AddonUpdate", said, addon["addonName"], addon)


def delete_addon(place: Place, given: Document) -> Document:
    cluster, addon = _addon(place, given)
    addon["status"] = "DELETING"
    answer = deepcopy(addon)

    def gone() -> None:
        _associate(place, cluster, addon, [])
        cluster.addons.pop(addon["addonName"], None)

    cluster.later(place.settings.polls, gone)
    return {"addon": answer}


def describe_addon_versions(place: Place, given: Document) -> Document:  # noqa: ARG001
    name, version = given.get("addonName"), given.get("kubernetesVersion")
    if name is not None:
        _known(name)
    chosen = [addon for addon in ADDONS.values() if name in (None, addon.name)]
    described = [_described(addon, version) for addon in chosen]
    return {"addons": [each for each in described if each["addonVersions"]]}


def _described(addon: Addon, kubernetes: str | None) -> Document:
    offered = {
        build: [version for version in addon.versions if build in addon.versions[version]]
        for version in addon.versions
        for build in addon.versions[version]
        if kubernetes in (None, version)
    }
    return {
        "addonName": addon.name,
        "type": addon.type,
        "publisher": "eks",
        "owner": "aws",
        "defaultNamespace": addon.namespace,
        "addonVersions": [_build(addon, build, offered[build]) for build in newest_first(offered)],
    }


def newest_first(builds: Iterable[str]) -> list[str]:
    def numbers(build: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", build)]

    return sorted(builds, key=numbers, reverse=True)


def _build(addon: Addon, build: str, fits: list[str]) -> Document:
    return {
        "addonVersion": build,
        "architecture": ["amd64", "arm64"],
        "computeTypes": ["ec2"],
        "compatibilities": [
            {
                "clusterVersion": version,
                "platformVersions": ["*"],
                "defaultVersion": build == addon.default(version),
            }
            for version in fits
        ],
        "requiresConfiguration": False,
        "requiresIamPermissions": bool(addon.service_accounts),
    }


def describe_addon_configuration(place: Place, given: Document) -> Document:  # noqa: ARG001
    addon = _known(given["addonName"])
    if not any(given["addonVersion"] in builds for builds in addon.versions.values()):
        raise Refusal(INVALID, "Addon version specified is not supported", addonName=addon.name)
    return {
        "addonName": addon.name,
        "addonVersion": given["addonVersion"],
        "configurationSchema": json.dumps(addon.schema),
        "podIdentityConfiguration": [
            {"serviceAccount": account, "recommendedManagedPolicies": policies}
            for account, policies in addon.service_accounts.items()
        ],
    }


def describe_cluster_versions(place: Place, given: Document) -> Document:  # noqa: ARG001
    wanted = given.get("clusterVersions") or VERSIONS
    status = given.get("versionStatus")
    chosen = [
        version.described()
        for name, version in reversed(VERSIONS.items())
        if name in wanted
        and (status is None or version.status == status)
        and (not given.get("defaultOnly") or version.default)
    ]
    return {"clusterVersions": chosen}
