"""Pod Identity: which role the pods of a service account have."""

from copy import deepcopy

from tests.aws.eks import around
from tests.aws.place import Place, fresh_id, now
from tests.aws.wire import Document, Refusal

SERVICE = "pods.eks.amazonaws.com"
SUMMARY = (
    *("clusterName", "namespace", "serviceAccount"),
    *("associationArn", "associationId", "ownerArn"),
)


def create_pod_identity_association(place: Place, given: Document) -> Document:
    return {"association": deepcopy(create(place, given))}


def create(place: Place, given: Document, owner: str | None = None) -> Document:
    """A new association; `owner` is the add-on that it belongs to."""
    cluster = place.cluster(given["clusterName"])
    around.check_role(place, given["roleArn"], SERVICE, ["sts:TagSession"])
    for other in cluster.associations.values():
        if all(other[key] == given[key] for key in ("namespace", "serviceAccount")):
            message = f"Association already exists: {other['associationId']}"
            raise Refusal("ResourceInUseException", message, clusterName=cluster.name)
    identity = f"a-{fresh_id().replace('-', '')[:17]}"
    path = f"podidentityassociation/{cluster.name}/{identity}"
    made: Document = {
        "clusterName": cluster.name,
        "namespace": given["namespace"],
        "serviceAccount": given["serviceAccount"],
        "roleArn": given["roleArn"],
        "associationArn": place.arn("eks", path),
        "associationId": identity,
        "tags": given.get("tags", {}),
        "createdAt": now(),
        "modifiedAt": now(),
        "disableSessionTags": given.get("disableSessionTags", False),
        **({"ownerArn": owner} if owner else {}),
        **({"policy": given["policy"]} if "policy" in given else {}),
        **_target(given.get("targetRoleArn")),
    }
    cluster.associations[identity] = made
    return made


def _target(role: str | None) -> Document:
    return {"targetRoleArn": role, "externalId": fresh_id()} if role else {}


def _association(place: Place, given: Document) -> Document:
    cluster = place.cluster(given["clusterName"])
    found = cluster.associations.get(given["associationId"])
    if found is None:
        message = f"No association found with the ID: {given['associationId']}"
        raise Refusal("ResourceNotFoundException", message, clusterName=cluster.name)
    return found


def describe_pod_identity_association(place: Place, given: Document) -> Document:
    return {"association": deepcopy(_association(place, given))}


def update_pod_identity_association(place: Place, given: Document) -> Document:
    found = _association(place, given)
    if "roleArn" in given:
        around.check_role(place, given["roleArn"], SERVICE, ["sts:TagSession"])
    members = ("roleArn", "disableSessionTags", "policy")
    changes = {key: given[key] for key in members if key in given}
    if "targetRoleArn" in given:
        found.pop("targetRoleArn", None)
        found.pop("externalId", None)
        changes |= _target(given["targetRoleArn"])
    found.update(changes, modifiedAt=now())
    return {"association": deepcopy(found)}


def delete_pod_identity_association(place: Place, given: Document) -> Document:
    found = _association(place, given)
    if "ownerArn" in found:
        message = f"The association belongs to {found['ownerArn']}"
        raise Refusal("InvalidRequestException", message, clusterName=given["clusterName"])
    del place.cluster(given["clusterName"]).associations[found["associationId"]]
    return {"association": found}


def list_pod_identity_associations(place: Place, given: Document) -> Document:
    filters = {key: given[key] for key in ("namespace", "serviceAccount") if key in given}
    found = [
        {key: each[key] for key in SUMMARY if key in each}
        for each in place.cluster(given["clusterName"]).associations.values()
        if filters.items() <= each.items()
    ]
    return {"associations": found}
