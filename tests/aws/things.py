"""What tests of the fake make first: roles, a network, a cluster."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.running import REGION, FakeAws

POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def refusal(call: Any, **given: Any) -> str:
    """Code and message of the error that AWS answers to a call."""
    with pytest.raises(ClientError) as refused:
        call(**given)
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def trust(service: str, *more: str) -> str:
    """A trust policy for an AWS service."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", *more],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True)
class Surroundings:
    """What an EKS cluster needs: ids and ARNs."""

    vpc: str
    subnets: list[str]
    cluster_role: str
    node_role: str
    pod_role: str

    def cluster(self, **more: Any) -> dict[str, Any]:
        """A request for the cluster `dev`, as Ekiben makes clusters."""
        return {
            "name": "dev",
            "roleArn": self.cluster_role,
            "version": "1.35",
            "resourcesVpcConfig": {"subnetIds": self.subnets, "endpointPrivateAccess": True},
            "accessConfig": {
                "authenticationMode": "API",
                "bootstrapClusterCreatorAdminPermissions": False,
            },
            "bootstrapSelfManagedAddons": False,
            **more,
        }

    def node_group(self, **more: Any) -> dict[str, Any]:
        """A request for the node group `cpu` of `dev`."""
        return {
            "clusterName": "dev",
            "nodegroupName": "cpu",
            "nodeRole": self.node_role,
            "subnets": self.subnets,
            "instanceTypes": ["m7i.large"],
            **more,
        }


def surroundings(aws: FakeAws, region: str = REGION) -> Surroundings:
    """Make them."""
    ec2, iam = aws.client("ec2", region), aws.client("iam", region)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=region + z)
        for n, z in enumerate("ab")
    ]

    def role(name: str, document: str) -> str:
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        return str(made["Role"]["Arn"])

    return Surroundings(
        vpc=vpc,
        subnets=[each["Subnet"]["SubnetId"] for each in subnets],
        cluster_role=role("cluster", trust("eks.amazonaws.com")),
        node_role=role("node", trust("ec2.amazonaws.com")),
        pod_role=role("pod", trust("pods.eks.amazonaws.com", "sts:TagSession")),
    )
