"""What each policy allows, and what it must not."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.aws import DOCUMENTS
from ekiben.plan.eks.karpenter import rights
from ekiben.plan.eks.names import Home
from tests.eks.iam import allows
from tests.eks.stacks import PLATFORMS, platform_of

HOME = Home(
    stack="prod", cluster="prod", region="us-east-1", partition="aws", account="123456789012"
)
KARPENTER = rights(HOME)
EC2 = "arn:aws:ec2:us-east-1:123456789012"

ANY_RESOURCE = {
    # In a key's own policy `*` is that key.
    ("key", "Account"),
    ("key", "Logs"),
    # EC2 does not divide these reads by resource; they are held to the region.
    ("karpenter-rights", "Describe"),
    # Prices are no resource of anybody's.
    ("karpenter-rights", "Prices"),
}
"""Statements for which AWS knows no narrower resource."""


def documents(stack: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, each in platform_of(stack).resources.items():
        for key in DOCUMENTS - {"eventPattern"}:
            if key in each.properties:
                yield name, each.properties[key]


@pytest.mark.parametrize("stack", PLATFORMS)
def test_no_policy_names_actions_or_resources_by_a_star(stack: str) -> None:
    found = list(documents(stack))
    assert found
    for name, document in found:
        for statement in document["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action], name
            everything = "*" in statement.get("Resource", [])
            assert everything == ((name, statement["Sid"]) in ANY_RESOURCE), name


@pytest.mark.parametrize("stack", PLATFORMS)
def test_statements_have_names_of_their_own(stack: str) -> None:
    for name, document in documents(stack):
        sids = [statement["Sid"] for statement in document["Statement"]]
        assert len(set(sids)) == len(sids), name
        assert all(sid.isalnum() for sid in sids), name


@pytest.mark.parametrize("stack", PLATFORMS)
def test_only_services_of_aws_are_trusted_with_roles(stack: str) -> None:
    for name, each in platform_of(stack).resources.items():
        if each.type == "aws:iam/role:Role":
            for statement in each.properties["assumeRolePolicy"]["Statement"]:
                assert list(statement["Principal"]) == ["Service"], name


def owned(of: str, cluster: str = "prod") -> dict[str, str]:
    return {
        f"aws:{of}Tag/kubernetes.io/cluster/{cluster}": "owned",
        f"aws:{of}Tag/karpenter.sh/nodepool": "cpu",
    }


IN_REGION = {"aws:RequestedRegion": "us-east-1"}
TO_NODES = {"iam:PassedToService": "ec2.amazonaws.com"}
MADE = {"ec2:CreateAction": "RunInstances"}

MAY = [
    ("ec2:RunInstances", f"{EC2}:subnet/subnet-1", {}),
    ("ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1", {}),
    ("ec2:RunInstances", f"{EC2}:instance/i-1", owned("Request")),
    ("ec2:CreateFleet", f"{EC2}:fleet/fleet-1", owned("Request")),
    ("ec2:CreateFleet", f"{EC2}:launch-template/lt-1", owned("Resource")),
    ("ec2:CreateTags", f"{EC2}:instance/i-1", owned("Request") | MADE),
    (
        "ec2:CreateTags",
        f"{EC2}:instance/i-1",
        owned("Resource") | {"aws:TagKeys": ["karpenter.sh/nodeclaim", "Name"]},
    ),
    ("ec2:TerminateInstances", f"{EC2}:instance/i-1", owned("Resource")),
    ("ec2:DescribeInstanceTypes", "*", IN_REGION),
    ("eks:DescribeCluster", "arn:aws:eks:us-east-1:123456789012:cluster/prod", {}),
    ("sqs:ReceiveMessage", "${interruptions.arn}", {}),
    ("iam:PassRole", "${karpenter-node-role.arn}", TO_NODES),
]
MAY_NOT = [
    ("ec2:RunInstances", f"{EC2}:instance/i-1", {}),
    ("ec2:RunInstances", f"{EC2}:instance/i-1", owned("Request", "other")),
    ("ec2:RunInstances", "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1", {}),
    ("ec2:CreateFleet", f"{EC2}:launch-template/lt-1", owned("Resource", "other")),
    ("ec2:CreateTags", f"{EC2}:instance/i-1", owned("Request")),
    (
        "ec2:CreateTags",
        f"{EC2}:instance/i-1",
        owned("Resource") | {"aws:TagKeys": ["Name", "kubernetes.io/cluster/other"]},
    ),
    ("ec2:TerminateInstances", f"{EC2}:instance/i-1", {}),
    ("ec2:TerminateInstances", f"{EC2}:instance/i-1", owned("Resource", "other")),
    ("ec2:DescribeInstanceTypes", "*", {"aws:RequestedRegion": "eu-west-1"}),
    ("eks:DescribeCluster", "arn:aws:eks:us-east-1:123456789012:cluster/other", {}),
    ("iam:PassRole", "${karpenter-node-role.arn}", {"iam:PassedToService": "lambda.amazonaws.com"}),
    ("iam:PassRole", "arn:aws:iam::123456789012:role/Admin", TO_NODES),
    ("iam:CreateRole", "arn:aws:iam::123456789012:role/Any", {}),
    ("iam:CreateInstanceProfile", "arn:aws:iam::123456789012:instance-profile/Any", {}),
    ("ec2:DeleteSecurityGroup", f"{EC2}:security-group/sg-1", owned("Resource")),
]


@pytest.mark.parametrize(("action", "resource", "context"), MAY)
def test_karpenter_may(action: str, resource: str, context: dict[str, Any]) -> None:
    assert allows(KARPENTER, action, resource, context)


@pytest.mark.parametrize(("action", "resource", "context"), MAY_NOT)
def test_karpenter_may_not(action: str, resource: str, context: dict[str, Any]) -> None:
    assert not allows(KARPENTER, action, resource, context)


def test_the_key_is_the_accounts_and_the_log_services_for_the_clusters_logs() -> None:
    policy = platform_of("office").resources["key"].properties["policy"]
    logs = "logs.us-east-1.amazonaws.com"
    encrypted = "kms:EncryptionContext:aws:logs:arn"
    group = "arn:aws:logs:us-east-1:123456789012:log-group:"
    mine, other = {encrypted: f"{group}/aws/eks/office/cluster"}, {encrypted: f"{group}/other"}
    assert allows(policy, "kms:Decrypt", principal="arn:aws:iam::123456789012:root")
    assert not allows(policy, "kms:Decrypt", principal="arn:aws:iam::210987654321:root")
    assert allows(policy, "kms:GenerateDataKey", context=mine, principal=logs)
    assert not allows(policy, "kms:GenerateDataKey", context=other, principal=logs)
    assert not allows(policy, "kms:ScheduleKeyDeletion", context=mine, principal=logs)


def test_interruptions_are_told_by_events_of_the_account_alone() -> None:
    policy = platform_of("gpu-spot").resources["interruptions-policy"].properties["policy"]
    queue, events = "${interruptions.arn}", "events.amazonaws.com"
    rule = "arn:aws:events:us-east-1:${account.id}:rule/interruptions-spot"
    mine = {"aws:SourceArn": rule}
    assert allows(policy, "sqs:SendMessage", queue, mine, events)
    assert not allows(
        policy,
        "sqs:SendMessage",
        queue,
        {"aws:SourceArn": rule.replace("${account.id}", "1")},
        events,
    )
    assert not allows(policy, "sqs:ReceiveMessage", queue, mine, events)
