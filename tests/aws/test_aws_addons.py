"""EKS's add-ons, as boto3 sees them."""

import json
from typing import Any

import pytest

from ekiben.catalog.eks import eks_releases
from tests.aws.running import FakeAws
from tests.aws.things import Surroundings, refusal

pytestmark = pytest.mark.fake


@pytest.fixture
def eks(aws: FakeAws, around: Surroundings) -> Any:
    """EKS with the cluster `dev`."""
    client = aws.client("eks")
    client.create_cluster(**around.cluster())
    return client


def status(eks: Any, name: str) -> str:
    return str(eks.describe_addon(clusterName="dev", addonName=name)["addon"]["status"])


def test_an_addon_keeps_what_it_was_made_with(eks: Any) -> None:
    values = json.dumps({"enableNetworkPolicy": "true"})
    asked = {"addonName": "vpc-cni", "configurationValues": values, "tags": {"a": "1"}}
    eks.create_addon(clusterName="dev", **asked, resolveConflicts="OVERWRITE")
    found = eks.describe_addon(clusterName="dev", addonName="vpc-cni")["addon"]
    assert asked.items() <= found.items()
    assert found["addonVersion"] == eks_releases()["1.35"].addons["vpc-cni"]
    assert eks.list_addons(clusterName="dev")["addons"] == ["vpc-cni"]


@pytest.mark.parametrize("version", eks_releases())
def test_what_the_catalogue_pins_is_offered_as_the_default(eks: Any, version: str) -> None:
    offered = {
        addon["addonName"]: build["addonVersion"]
        for addon in eks.describe_addon_versions(kubernetesVersion=version)["addons"]
        for build in addon["addonVersions"]
        for fits in build["compatibilities"]
        if fits["clusterVersion"] == version and fits["defaultVersion"]
    }
    assert eks_releases()[version].addons.items() <= offered.items()


def test_a_build_of_another_kubernetes_is_refused(eks: Any) -> None:
    request = {"clusterName": "dev", "addonName": "kube-proxy"}
    version = eks_releases()["1.34"].addons["kube-proxy"]
    said = refusal(eks.create_addon, **request, addonVersion=version)
    assert "Addon version specified is not supported" in said


def test_values_follow_the_addons_schema(eks: Any) -> None:
    request = {"clusterName": "dev", "addonName": "vpc-cni"}
    for wrong in ('{"enableNetworkPolicy": true}', "[", "- 1"):
        said = refusal(eks.create_addon, **request, configurationValues=wrong)
        assert "ConfigurationValue provided in request is not supported" in said
    pinned = eks_releases()["1.35"].addons["vpc-cni"]
    found = eks.describe_addon_configuration(addonName="vpc-cni", addonVersion=pinned)
    assert "enableNetworkPolicy" in json.loads(found["configurationSchema"])["properties"]


def test_an_update_is_seen_when_described(eks: Any) -> None:
    builds = eks.describe_addon_versions(addonName="coredns", kubernetesVersion="1.35")
    newest, *_, oldest = [b["addonVersion"] for b in builds["addons"][0]["addonVersions"]]
    named = {"clusterName": "dev", "addonName": "coredns"}
    eks.create_addon(**named, addonVersion=oldest)
    values = json.dumps({"replicaCount": 3})
    update = eks.update_addon(**named, addonVersion=newest, configurationValues=values)["update"]
    found = eks.describe_update(name="dev", addonName="coredns", updateId=update["id"])["update"]
    assert (found["type"], found["status"]) == ("AddonUpdate", "Successful")
    addon = eks.describe_addon(**named)["addon"]
    assert (addon["addonVersion"], addon["configurationValues"]) == (newest, values)


def test_an_addons_pod_identities_are_its_own(eks: Any, around: Surroundings) -> None:
    named = {"clusterName": "dev", "addonName": "aws-ebs-csi-driver"}
    identity = {"serviceAccount": "ebs-csi-controller-sa", "roleArn": around.pod_role}
    eks.create_addon(**named, podIdentityAssociations=[identity])
    [arn] = eks.describe_addon(**named)["addon"]["podIdentityAssociations"]
    [listed] = eks.list_pod_identity_associations(clusterName="dev")["associations"]
    assert listed["associationArn"] == arn
    assert listed["namespace"] == "kube-system"
    said = refusal(
        eks.delete_pod_identity_association,
        clusterName="dev",
        associationId=listed["associationId"],
    )
    assert "belongs to" in said
    eks.update_addon(**named, podIdentityAssociations=[])
    assert eks.list_pod_identity_associations(clusterName="dev")["associations"] == []


def test_what_runs_as_a_deployment_waits_for_nodes(eks: Any, around: Surroundings) -> None:
    eks.create_addon(clusterName="dev", addonName="vpc-cni")
    eks.create_addon(clusterName="dev", addonName="coredns")
    assert (status(eks, "vpc-cni"), status(eks, "coredns")) == ("ACTIVE", "DEGRADED")
    eks.create_nodegroup(**around.node_group())
    assert status(eks, "coredns") == "ACTIVE"


def test_a_deleted_addon_takes_its_identities_along(eks: Any, around: Surroundings) -> None:
    identity = {"serviceAccount": "aws-node", "roleArn": around.pod_role}
    named = {"clusterName": "dev", "addonName": "vpc-cni"}
    eks.create_addon(**named, podIdentityAssociations=[identity])
    assert eks.delete_addon(**named)["addon"]["status"] == "DELETING"
    assert refusal(eks.describe_addon, **named).startswith("ResourceNotFoundException")
    assert eks.list_pod_identity_associations(clusterName="dev")["associations"] == []
