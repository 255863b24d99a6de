"""EKS seen from inside, for what plays its clusters: no request, so no look at anything."""

from copy import deepcopy

from tests.aws.eks import around
from tests.aws.place import Cluster, Place
from tests.aws.wire import Document, Refusal


def clusters(place: Place) -> Document:
    """By name: who may enter, with which access policies, and its node groups.

    A group's `zones` are those of its subnets, `volumeSize` the GiB of its nodes' first volume.
    """
    return {name: _cluster(place, cluster) for name, cluster in place.clusters.items()}


def _cluster(place: Place, cluster: Cluster) -> Document:
    policies: dict[str, list[Document]] = {principal: [] for principal in cluster.entries}
    for (principal, _), association in cluster.policies.items():
        policies[principal].append(association)
    return {
        "entries": [
            entry | {"policies": policies[principal]}
            for principal, entry in deepcopy(cluster.entries).items()
        ],
        "node_groups": [_group(place, group) for group in cluster.node_groups.values()],
    }


def _group(place: Place, group: Document) -> Document:
    zones = [subnet.zone for subnet in around.subnets(place, group["subnets"])]
    return deepcopy(group) | {"zones": zones, "volumeSize": _volume(place, group)}


def _volume(place: Place, group: Document) -> int:
    """Where a launch template says nothing, the image's own volume: 20 GiB."""
    usual = int(group.get("diskSize", 20))
    try:
        data = around.launch_template(place, group["launchTemplate"]).data
    except (KeyError, Refusal):
        return usual
    devices = data.get("BlockDeviceMappings", [])
    sizes = [device["Ebs"]["VolumeSize"] for device in devices if "VolumeSize" in device["Ebs"]]
    return int(sizes[0]) if sizes else usual
