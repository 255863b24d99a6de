"""What a stack has placed in its cluster, by the cluster's own account and by the state's."""

import json
from collections.abc import Iterator
from typing import Any

from .project import STACK, Project

Name = tuple[str, str, str]
"""Kind with its group, namespace, name."""

_STAMP = {"app.kubernetes.io/managed-by": "ekiben", "ekiben.dev/stack": STACK}
_RECORD = "-versions"
"""The record of a model's versions outlives the model and is no resource of the program."""


def in_cluster(project: Project) -> set[Name]:
    """Objects with the stack's stamp, but for what controllers made out of them."""
    every = project.said("kubectl", "api-resources", "--verbs=list", "--output=name").split()
    kinds = ",".join(kind for kind in every if not kind.startswith(("events", "endpoint")))
    selector = ",".join(f"{key}={value}" for key, value in _STAMP.items())
    said = project.said(
        *("kubectl", "get", kinds, "--all-namespaces", f"--selector={selector}", "--output=json")
    )
    return {
        _name(one)
        for one in json.loads(said)["items"]
        if "ownerReferences" not in one["metadata"] and not _is_record(one)
    }


def in_state(project: Project) -> set[Name]:
    """Objects that the stack's state holds and that carry the stamp."""
    return {_name(one) for one in _resources(project) if _has_stamp(one)}


def pending(project: Project) -> list[str]:
    """What the state still holds to be in the making, or to be deleted."""
    deployment = _deployment(project)
    begun = [one["resource"]["urn"] for one in deployment.get("pending_operations") or []]
    return begun + [one["urn"] for one in deployment["resources"] if one.get("delete")]


def _deployment(project: Project) -> dict[str, Any]:
    said = project.said("pulumi", "stack", "export", "--stack", STACK)
    return dict(json.loads(said)["deployment"])


def _resources(project: Project) -> Iterator[dict[str, Any]]:
    for one in _deployment(project)["resources"]:
        outputs = one.get("outputs") or {}
        if one["type"].startswith("kubernetes:") and "kind" in outputs:
            yield outputs


def _name(manifest: dict[str, Any]) -> Name:
    group = manifest["apiVersion"].rpartition("/")[0]
    metadata = manifest["metadata"]
    return f"{manifest['kind']}.{group}", metadata.get("namespace", ""), metadata["name"]


def _has_stamp(manifest: dict[str, Any]) -> bool:
    labels: dict[str, str] = manifest["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in _STAMP.items())


def _is_record(manifest: dict[str, Any]) -> bool:
    return manifest["kind"] == "ConfigMap" and str(manifest["metadata"]["name"]).endswith(_RECORD)
