"""Updates: what changes a cluster, a node group or an add-on, and how far it is."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from tests.aws.place import Cluster, Place, fresh_id, now
from tests.aws.wire import Document, Refusal


def ensure_idle(cluster: Cluster) -> None:
    """Refused while EKS is busy with the cluster."""
    status = cluster.record["status"]
    if status != "ACTIVE":
        message = f"Cluster {cluster.name} is {status}: another operation is in progress"
        raise Refusal("ResourceInUseException", message, clusterName=cluster.name)


def update(
    place: Place,
    cluster: Cluster,
    kind: str,
    said: Mapping[str, Any],
    of: str = "",
    thing: Document | None = None,
) -> Document:
    """The answer to a call that changed `thing` (the cluster where none is given).

    What was changed is so at once; until the update is through, its status is UPDATING.
    """
    changed = cluster.record if thing is None else thing
    record: Document = {
        "id": fresh_id(),
        "status": "InProgress",
        "type": kind,
        "params": [{"type": key, "value": _said(value)} for key, value in said.items()],
        "createdAt": now(),
        "errors": [],
    }
    cluster.updates[record["id"]] = (record, of)
    changed["status"] = "UPDATING"
    answer = deepcopy(record)

    def through() -> None:
        record["status"] = "Successful"
        changed["status"] = "ACTIVE"

    cluster.later(place.settings.polls, through)
    return {"update": answer}


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def describe_update(place: Place, given: Document) -> Document:
    cluster = place.cluster(given["name"])
    record, of = cluster.updates.get(given["updateId"], ({}, ""))
    if not record or of != given.get("nodegroupName", given.get("addonName", "")):
        message = f"No update found for ID: {given['updateId']}"
        raise Refusal("ResourceNotFoundException", message, clusterName=cluster.name)
    return {"update": deepcopy(record)}


def list_updates(place: Place, given: Document) -> Document:
    of = given.get("nodegroupName", given.get("addonName", ""))
    updates = place.cluster(given["name"]).updates
    return {"updateIds": [key for key, (_, owner) in updates.items() if owner == of]}
