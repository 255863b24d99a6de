"""What the AWS provider that is built here lacks of the installed pulumi-aws, and why.

By token, the properties that are missing with all that is below them. A stack's plan may use none
of them as long as they are listed here.
"""

from __future__ import annotations

from collections.abc import Mapping

PROVIDER = "aws"
"""In place of a token: the provider's own configuration."""

KUBERNETES = ("kubeApiServerConfig", "kubeControllerManagerConfig", "kubeSchedulerConfig")

NEWER: Mapping[str, tuple[str, ...]] = {
    "aws:acm/certificate:Certificate": ("privateKeyWo", "privateKeyWoVersion"),
    "aws:budgets/budget:Budget": ("metrics",),
    "aws:ec2/flowLog:FlowLog": ("tagFieldSpecifications[]",),
    "aws:ec2/getVpc:getVpc": ("ipv6CidrBlockAssociations[]",),
    "aws:ec2/launchTemplate:LaunchTemplate": ("networkInterfaces[].enaQueueCount",),
    "aws:ec2/route:Route": ("odbNetworkArn",),
    "aws:ec2/routeTable:RouteTable": ("routes[].odbNetworkArn",),
    "aws:eks/addon:Addon": ("namespaceConfig",),
    "aws:eks/cluster:Cluster": (
        *KUBERNETES,
        "outpostConfig.controlPlanePlacement.spreadLevel",
        "outpostConfig.etcdInstanceType",
        "outpostConfig.etcdPlacement",
        "vpcConfig.controlPlaneEgressMode",
    ),
    "aws:eks/getCluster:getCluster": (
        *(f"{name}s[]" for name in KUBERNETES),
        "outpostConfigs[].controlPlanePlacements[].spreadLevel",
        "outpostConfigs[].etcdInstanceType",
        "outpostConfigs[].etcdPlacements[]",
        "vpcConfig.controlPlaneEgressMode",
    ),
    "aws:eks/nodeGroup:NodeGroup": ("warmPoolConfig",),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("policy",),
    "aws:lb/loadBalancer:LoadBalancer": ("enablePrefixForIpv6SourceNat",),
    "aws:s3/bucket:Bucket": ("bucketNamespace",),
    "aws:secretsmanager/secret:Secret": ("type",),
    PROVIDER: tuple(
        f"endpoints[].{service}"
        for service in (
            *("accountaccess", "agentregistry", "bedrockruntime", "cloudwatchomni"),
            *("devopsagent", "directoryservicedata", "eventbridgev2", "interconnect"),
            *("lambdacore", "lambdamicrovms", "lambdaweb", "mailmanager"),
            *("networksecuritymanager", "pricingplanmanager", "resiliencehubv2", "s3files", "uxc"),
        )
    ),
}
"""Came to the Terraform provider after 6.34, the last one that is published as a Go library."""

PATCHED: Mapping[str, tuple[str, ...]] = {
    "aws:eks/cluster:Cluster": ("defaultAddonsToRemoves[]",),
}
"""Added to the Terraform provider by a patch of pulumi-aws."""


def missing(token: str) -> tuple[str, ...]:
    return (*NEWER.get(token, ()), *PATCHED.get(token, ()))
