"""Tags of whatever EKS has an ARN for."""

from collections.abc import Iterator

from tests.aws.place import Place
from tests.aws.wire import Document, Refusal


def _records(place: Place) -> Iterator[tuple[str, Document]]:
    for cluster in place.clusters.values():
        yield cluster.record["arn"], cluster.record
        yield from ((each["nodegroupArn"], each) for each in cluster.node_groups.values())
        yield from ((each["addonArn"], each) for each in cluster.addons.values())
        yield from ((each["accessEntryArn"], each) for each in cluster.entries.values())
        yield from ((each["associationArn"], each) for each in cluster.associations.values())


def _tags(place: Place, given: Document) -> dict[str, str]:
    record = dict(_records(place)).get(given["resourceArn"])
    if record is None:
        raise Refusal("NotFoundException", f"No resource has the ARN {given['resourceArn']}")
    tags: dict[str, str] = record.setdefault("tags", {})
    return tags


def tag_resource(place: Place, given: Document) -> Document:
    _tags(place, given).update(given["tags"])
    return {}


def untag_resource(place: Place, given: Document) -> Document:
    tags = _tags(place, given)
    for key in given["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(place: Place, given: Document) -> Document:
    return {"tags": dict(_tags(place, given))}
