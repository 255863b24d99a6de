"""Managed node groups, as boto3 sees them."""

from typing import Any

import pytest

from tests.aws.running import FakeAws
from tests.aws.things import Surroundings, refusal

pytestmark = pytest.mark.fake

NAMED = {"clusterName": "dev", "nodegroupName": "cpu"}


@pytest.fixture
def eks(aws: FakeAws, around: Surroundings) -> Any:
    """EKS with the cluster `dev`, which has a CNI plugin."""
    client = aws.client("eks")
    client.create_cluster(**around.cluster())
    client.create_addon(clusterName="dev", addonName="vpc-cni")
    return client


def group(eks: Any) -> dict[str, Any]:
    found: dict[str, Any] = eks.describe_nodegroup(**NAMED)["nodegroup"]
    return found


def test_a_group_keeps_what_it_was_made_with(eks: Any, around: Surroundings) -> None:
    asked = {
        "scalingConfig": {"minSize": 0, "maxSize": 4, "desiredSize": 1},
        "labels": {"team": "vision"},
        "taints": [{"key": "gpu", "value": "yes", "effect": "NO_SCHEDULE"}],
        "updateConfig": {"maxUnavailablePercentage": 33},
        "nodeRepairConfig": {"enabled": True, "maxParallelNodesRepairedCount": 2},
        "capacityType": "SPOT",
        "diskSize": 80,
        "tags": {"a": "1"},
    }
    eks.create_nodegroup(**around.node_group(**asked))
    found = group(eks)
    assert asked.items() <= found.items()
    assert (found["status"], found["amiType"]) == ("ACTIVE", "AL2023_x86_64_STANDARD")


def test_labels_taints_and_sizes_change(eks: Any, around: Surroundings) -> None:
    taints = [{"key": key, "value": "1", "effect": "NO_SCHEDULE"} for key in ("a", "b")]
    eks.create_nodegroup(**around.node_group(labels={"x": "1", "y": "1"}, taints=taints))
    changed = {"key": "b", "value": "2", "effect": "NO_SCHEDULE"}
    update = eks.update_nodegroup_config(
        **NAMED,
        labels={"addOrUpdateLabels": {"x": "2"}, "removeLabels": ["y"]},
        taints={"addOrUpdateTaints": [changed], "removeTaints": taints[:1]},
        scalingConfig={"minSize": 0, "desiredSize": 0},
        nodeRepairConfig={"enabled": True},
    )["update"]
    named = {"name": "dev", "nodegroupName": "cpu", "updateId": update["id"]}
    assert eks.describe_update(**named)["update"]["status"] == "Successful"
    found = group(eks)
    assert (found["labels"], found["taints"]) == ({"x": "2"}, [changed])
    assert found["scalingConfig"] == {"minSize": 0, "maxSize": 2, "desiredSize": 0}
    assert found["nodeRepairConfig"] == {"enabled": True}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scalingConfig": {"minSize": 3, "maxSize": 2, "desiredSize": 2}}, "minSize"),
        ({"instanceTypes": ["m7g.large"]}, "not a valid instance type"),
        ({"instanceTypes": ["m7i.lagre"]}, "not known"),
        ({"nodeRole": "arn:aws:iam::123456789012:role/cluster"}, "trusted entity"),
        ({"version": "1.36"}, "newer than the cluster"),
        ({"subnets": ["subnet-0"]}, "does not exist"),
    ],
)
def test_what_eks_refuses(eks: Any, around: Surroundings, wrong: Any, said: str) -> None:
    assert said in refusal(eks.create_nodegroup, **around.node_group(**wrong))


def test_arm_types_take_an_arm_image(eks: Any, around: Surroundings) -> None:
    arm = {"instanceTypes": ["m7g.large"], "amiType": "AL2023_ARM_64_STANDARD"}
    eks.create_nodegroup(**around.node_group(**arm))
    assert group(eks)["amiType"] == "AL2023_ARM_64_STANDARD"


def template(aws: FakeAws, name: str, **data: Any) -> str:
    made = aws.client("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"EbsOptimized": True, **data}
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def test_a_launch_template_comes_back_by_id_name_and_version(
    aws: FakeAws, eks: Any, around: Surroundings
) -> None:
    identity = template(aws, "cpu")
    wanted = {"id": identity, "version": "$Latest"}
    eks.create_nodegroup(**around.node_group(launchTemplate=wanted))
    assert group(eks)["launchTemplate"] == {"id": identity, "name": "cpu", "version": "1"}
    assert "diskSize" not in group(eks)
    aws.client("ec2").create_launch_template_version(
        LaunchTemplateId=identity, LaunchTemplateData={"EbsOptimized": False}
    )
    wanted = {"id": identity, "version": "2"}
    update = eks.update_nodegroup_version(**NAMED, launchTemplate=wanted)["update"]
    assert update["type"] == "VersionUpdate"
    assert group(eks)["launchTemplate"]["version"] == "2"


def test_a_launch_template_and_a_group_do_not_say_the_same_twice(
    aws: FakeAws, eks: Any, around: Surroundings
) -> None:
    wanted = {"id": template(aws, "typed", InstanceType="m7i.large"), "version": "1"}
    request = around.node_group(launchTemplate=wanted)
    assert "in the launch template" in refusal(eks.create_nodegroup, **request)
    request = around.node_group(launchTemplate=wanted, diskSize=20)
    assert "Disk size" in refusal(eks.create_nodegroup, **request)


def test_nodes_follow_the_cluster_to_its_version(eks: Any, around: Surroundings) -> None:
    eks.create_nodegroup(**around.node_group(version="1.34"))
    assert group(eks)["version"] == "1.34"
    eks.update_nodegroup_version(**NAMED)
    assert group(eks)["version"] == "1.35"


def test_nodes_may_enter_the_cluster(eks: Any, around: Surroundings) -> None:
    eks.create_nodegroup(**around.node_group())
    entry = {"clusterName": "dev", "principalArn": around.node_role}
    assert eks.describe_access_entry(**entry)["accessEntry"]["type"] == "EC2_LINUX"


def test_nodes_without_a_cni_plugin_never_join(eks: Any, around: Surroundings) -> None:
    eks.delete_addon(clusterName="dev", addonName="vpc-cni")
    eks.create_nodegroup(**around.node_group())
    assert group(eks)["status"] == "CREATING"
    for _ in range(20):
        found = group(eks)
    assert found["status"] == "CREATE_FAILED"
    assert found["health"]["issues"][0]["code"] == "NodeCreationFailure"


def test_a_group_goes(eks: Any, around: Surroundings) -> None:
    eks.create_nodegroup(**around.node_group())
    eks.delete_nodegroup(**NAMED)
    assert eks.list_nodegroups(clusterName="dev")["nodegroups"] == []
    assert refusal(eks.describe_nodegroup, **NAMED).startswith("ResourceNotFoundException")
