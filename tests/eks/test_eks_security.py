"""Security of clusters on AWS, by the best practices of EKS and CIS EKS 1.8.0, read off the plan.

https://docs.aws.amazon.com/eks/latest/best-practices/security.html
"""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.eks.stacks import PLATFORMS, platform_of


def of_type(stack: str, kind: str) -> dict[str, Mapping[str, Any]]:
    resources = platform_of(stack).resources
    return {name: each.properties for name, each in resources.items() if each.type == kind}


def cluster(stack: str) -> Mapping[str, Any]:
    return platform_of(stack).resources["cluster"].properties


@pytest.mark.parametrize("stack", PLATFORMS)
def test_all_logs_of_the_control_plane_are_kept_and_encrypted(stack: str) -> None:
    every = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    assert cluster(stack)["enabledClusterLogTypes"] == every
    for group in of_type(stack, "aws:cloudwatch/logGroup:LogGroup").values():
        assert group["retentionInDays"] > 0
        assert group["kmsKeyId"] == "${key.arn}"


@pytest.mark.parametrize("stack", PLATFORMS)
def test_kubernetes_secrets_are_encrypted_with_a_key_that_rotates(stack: str) -> None:
    encryption = cluster(stack)["encryptionConfig"]
    assert encryption == {"provider": {"keyArn": "${key.arn}"}, "resources": ["secrets"]}
    assert platform_of(stack).resources["key"].properties["enableKeyRotation"] is True


@pytest.mark.parametrize("stack", PLATFORMS)
def test_the_api_server_is_private_but_for_networks_that_are_named(stack: str) -> None:
    settings = cluster(stack)["vpcConfig"]
    assert settings["endpointPrivateAccess"] is True
    assert settings["endpointPublicAccess"] == bool(settings.get("publicAccessCidrs"))
    assert "0.0.0.0/0" not in settings.get("publicAccessCidrs", [])


@pytest.mark.parametrize("stack", PLATFORMS)
def test_nobody_has_rights_by_having_made_the_cluster(stack: str) -> None:
    assert cluster(stack)["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }


@pytest.mark.parametrize("stack", PLATFORMS)
def test_nodes_are_in_private_subnets_alone(stack: str) -> None:
    public = {"${public-" + letter + ".id}" for letter in "abcdef"}
    for group in of_type(stack, "aws:eks/nodeGroup:NodeGroup").values():
        assert not public & set(group["subnetIds"])
    for subnet in of_type(stack, "aws:ec2/subnet:Subnet").values():
        assert subnet["mapPublicIpOnLaunch"] is False


@pytest.mark.parametrize("stack", PLATFORMS)
def test_pods_cannot_take_the_credentials_of_their_node(stack: str) -> None:
    wanted = {"httpTokens": "required", "httpPutResponseHopLimit": 1}
    templates = of_type(stack, "aws:ec2/launchTemplate:LaunchTemplate")
    classes = [
        each["spec"]
        for each in platform_of(stack).node_pools.values()
        if each["kind"] == "EC2NodeClass"
    ]
    assert templates
    for each in [*templates.values(), *classes]:
        assert wanted.items() <= each["metadataOptions"].items()


@pytest.mark.parametrize("stack", PLATFORMS)
def test_disks_of_nodes_are_encrypted(stack: str) -> None:
    for template in of_type(stack, "aws:ec2/launchTemplate:LaunchTemplate").values():
        assert [each["ebs"]["encrypted"] for each in template["blockDeviceMappings"]] == ["true"]
    for each in platform_of(stack).node_pools.values():
        if each["kind"] == "EC2NodeClass":
            assert [disk["ebs"]["encrypted"] for disk in each["spec"]["blockDeviceMappings"]] == [
                True
            ]


@pytest.mark.parametrize("stack", PLATFORMS)
def test_no_rule_lets_the_whole_internet_in(stack: str) -> None:
    rules = of_type(stack, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    open_to_all = {name for name, rule in rules.items() if rule.get("cidrIpv4") == "0.0.0.0/0"}
    assert open_to_all == {each for each in rules if each.startswith("balancer-in-")} & open_to_all
    assert bool(open_to_all) == (stack == "public")


def test_a_public_load_balancer_takes_tls_of_today_alone() -> None:
    (listener,) = of_type("public", "aws:lb/listener:Listener").values()
    assert listener["protocol"] == "TLS"
    assert listener["port"] == 443
    assert listener["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2")


@pytest.mark.parametrize("stack", PLATFORMS)
def test_pods_get_roles_by_pod_identity_and_network_policies_are_enforced(stack: str) -> None:
    resources = platform_of(stack).resources
    assert "addon-eks-pod-identity-agent" in resources
    assert '"enableNetworkPolicy": "true"' in str(
        resources["addon-vpc-cni"].properties["configurationValues"]
    )
    assert not of_type(stack, "aws:iam/openIdConnectProvider:OpenIdConnectProvider")


@pytest.mark.parametrize("stack", PLATFORMS)
def test_everything_has_the_version_that_is_written_down(stack: str) -> None:
    for addon in of_type(stack, "aws:eks/addon:Addon").values():
        assert addon["addonVersion"].startswith("v")
    for group in of_type(stack, "aws:eks/nodeGroup:NodeGroup").values():
        assert group["version"] == cluster(stack)["version"]
    aliases = [
        term["alias"]
        for each in platform_of(stack).node_pools.values()
        if each["kind"] == "EC2NodeClass"
        for term in each["spec"]["amiSelectorTerms"]
    ]
    assert not [alias for alias in aliases if "latest" in alias]
