"""EKS clusters, updates and upgrades, as boto3 sees them."""

from typing import Any

import pytest

from tests.aws.running import FakeAws
from tests.aws.things import POLICY, Surroundings, refusal, surroundings

pytestmark = pytest.mark.fake


@pytest.fixture
def eks(aws: FakeAws) -> Any:
    return aws.client("eks")


def test_a_cluster_keeps_what_it_was_made_with(eks: Any, around: Surroundings) -> None:
    asked = {
        "upgradePolicy": {"supportType": "STANDARD"},
        "zonalShiftConfig": {"enabled": True},
        "controlPlaneScalingConfig": {"tier": "tier-xl"},
        "deletionProtection": True,
        "tags": {"team": "vision"},
    }
    eks.create_cluster(**around.cluster(**asked))
    cluster = eks.describe_cluster(name="dev")["cluster"]
    assert {key: cluster[key] for key in asked} == asked
    assert cluster["accessConfig"]["authenticationMode"] == "API"
    assert cluster["status"] == "ACTIVE"
    assert cluster["resourcesVpcConfig"]["vpcId"] == around.vpc


def test_clusters_are_the_api_server_that_was_named(eks: Any, around: Surroundings) -> None:
    eks.create_cluster(**around.cluster())
    cluster = eks.describe_cluster(name="dev")["cluster"]
    assert cluster["endpoint"] == "https://127.0.0.1:6443"
    assert cluster["certificateAuthority"] == {"data": "Q0E="}


def test_encryption_needs_a_key_that_is_there(aws: FakeAws, eks: Any, around: Surroundings) -> None:
    missing = "arn:aws:kms:us-east-1:123456789012:key/none"
    config = [{"resources": ["secrets"], "provider": {"keyArn": missing}}]
    said = refusal(eks.create_cluster, **around.cluster(encryptionConfig=config))
    assert said.startswith("InvalidParameterException: The keyArn")
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    config[0]["provider"] = {"keyArn": key}
    eks.create_cluster(**around.cluster(encryptionConfig=config))
    assert eks.describe_cluster(name="dev")["cluster"]["encryptionConfig"] == config


def test_subnets_lie_in_two_zones(eks: Any, around: Surroundings) -> None:
    request = around.cluster(resourcesVpcConfig={"subnetIds": around.subnets[:1]})
    assert "at least two different AZs" in refusal(eks.create_cluster, **request)


def test_the_role_must_trust_eks(eks: Any, around: Surroundings) -> None:
    request = around.cluster(roleArn=around.node_role)
    assert "trusted entity is not correct" in refusal(eks.create_cluster, **request)


def test_a_protected_cluster_is_not_deleted(eks: Any, around: Surroundings) -> None:
    eks.create_cluster(**around.cluster(deletionProtection=True))
    assert "deletion protection" in refusal(eks.delete_cluster, name="dev")
    update = eks.update_cluster_config(name="dev", deletionProtection=False)["update"]
    assert update["type"] == "DeletionProtectionUpdate"
    eks.delete_cluster(name="dev")
    assert eks.list_clusters()["clusters"] == []


def test_a_cluster_with_node_groups_is_not_deleted(eks: Any, around: Surroundings) -> None:
    eks.create_cluster(**around.cluster())
    eks.create_nodegroup(**around.node_group())
    assert "nodegroups attached" in refusal(eks.delete_cluster, name="dev")


def test_logging_is_described_whole_and_has_its_group(
    aws: FakeAws, eks: Any, around: Surroundings
) -> None:
    eks.create_cluster(**around.cluster())
    assert "log group" not in aws.left()
    on = {"clusterLogging": [{"types": ["audit", "api"], "enabled": True}]}
    update = eks.update_cluster_config(name="dev", logging=on)["update"]
    found = eks.describe_update(name="dev", updateId=update["id"])["update"]
    assert (found["status"], found["type"]) == ("Successful", "LoggingUpdate")
    setups = eks.describe_cluster(name="dev")["cluster"]["logging"]["clusterLogging"]
    assert setups[0] == {"types": ["api", "audit"], "enabled": True}
    assert setups[1]["types"] == ["authenticator", "controllerManager", "scheduler"]
    assert aws.left()["log group"] == ["/aws/eks/dev/cluster"]


def test_one_request_changes_one_kind_of_thing(eks: Any, around: Surroundings) -> None:
    eks.create_cluster(**around.cluster())
    both = {"deletionProtection": True, "zonalShiftConfig": {"enabled": True}}
    said = refusal(eks.update_cluster_config, name="dev", **both)
    assert "Only one type of update" in said


def test_an_update_that_changes_nothing_is_refused(eks: Any, around: Surroundings) -> None:
    eks.create_cluster(**around.cluster())
    wanted = {"endpointPrivateAccess": True}
    said = refusal(eks.update_cluster_config, name="dev", resourcesVpcConfig=wanted)
    assert "already at the desired configuration" in said


def test_a_private_endpoint_has_no_public_cidrs(eks: Any, around: Surroundings) -> None:
    eks.create_cluster(**around.cluster())
    wanted = {"endpointPublicAccess": False}
    update = eks.update_cluster_config(name="dev", resourcesVpcConfig=wanted)["update"]
    assert update["type"] == "EndpointAccessUpdate"
    network = eks.describe_cluster(name="dev")["cluster"]["resourcesVpcConfig"]
    assert (network["endpointPublicAccess"], network["publicAccessCidrs"]) == (False, [])


def test_there_is_no_way_back_from_access_entries(eks: Any, around: Surroundings) -> None:
    eks.create_cluster(**around.cluster())
    mode = {"authenticationMode": "API_AND_CONFIG_MAP"}
    said = refusal(eks.update_cluster_config, name="dev", accessConfig=mode)
    assert "Unsupported change from API" in said


def test_a_cluster_goes_up_one_minor_at_a_time(eks: Any, around: Surroundings) -> None:
    eks.create_cluster(**around.cluster(version="1.34"))
    said = refusal(eks.update_cluster_version, name="dev", version="1.36")
    assert "Unsupported Kubernetes minor version update" in said
    update = eks.update_cluster_version(name="dev", version="1.35")["update"]
    assert update["params"] == [{"type": "Version", "value": "1.35"}]
    assert eks.describe_cluster(name="dev")["cluster"]["version"] == "1.35"


def test_versions_are_listed_newest_first(eks: Any) -> None:
    offered = eks.describe_cluster_versions()["clusterVersions"]
    names = [each["clusterVersion"] for each in offered]
    assert names == sorted(names, reverse=True)
    assert [each["clusterVersion"] for each in offered if each["defaultVersion"]] == ["1.35"]


def test_changes_take_looks_when_asked_to(aws: FakeAws, eks: Any, around: Surroundings) -> None:
    aws.pace(2)
    eks.create_cluster(**around.cluster())
    seen = [eks.describe_cluster(name="dev")["cluster"]["status"] for _ in range(3)]
    assert seen == ["CREATING", "ACTIVE", "ACTIVE"]
    update = eks.update_cluster_config(name="dev", deletionProtection=True)["update"]
    again = {"name": "dev", "zonalShiftConfig": {"enabled": True}}
    assert "in progress" in refusal(eks.update_cluster_config, **again)
    found = eks.describe_update(name="dev", updateId=update["id"])["update"]
    assert found["status"] == "Successful"
    eks.update_cluster_config(**again)


def test_tags_come_and_go(eks: Any, around: Surroundings) -> None:
    arn = eks.create_cluster(**around.cluster(tags={"a": "1"}))["cluster"]["arn"]
    eks.tag_resource(resourceArn=arn, tags={"b": "2"})
    eks.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    assert eks.describe_cluster(name="dev")["cluster"]["tags"] == {"b": "2"}


def test_another_partition_has_arns_of_its_own(aws: FakeAws) -> None:
    region = "us-gov-west-1"
    eks = aws.client("eks", region)
    there = surroundings(aws, region)
    made = eks.create_cluster(**there.cluster())["cluster"]
    assert made["arn"] == f"arn:aws-us-gov:eks:{region}:123456789012:cluster/dev"
    who = {"clusterName": "dev", "principalArn": there.pod_role}
    eks.create_access_entry(**who)
    scope = {"accessScope": {"type": "cluster"}}
    assert "not valid" in refusal(eks.associate_access_policy, **who, **scope, policyArn=POLICY)
    policy = POLICY.replace("arn:aws:", "arn:aws-us-gov:")
    eks.associate_access_policy(**who, **scope, policyArn=policy)
    caller = aws.client("sts", region).get_caller_identity()["Arn"]
    assert caller.startswith("arn:aws-us-gov:iam::")
