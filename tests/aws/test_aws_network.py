"""EC2: order of deletions, NAT gateways, launch templates, capacity reservations."""

from typing import Any

import pytest

from tests.aws.running import FakeAws
from tests.aws.things import Surroundings, refusal

pytestmark = pytest.mark.fake


@pytest.fixture
def ec2(aws: FakeAws) -> Any:
    return aws.client("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def subnet(ec2: Any, vpc: str) -> str:
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1a")
    return str(made["Subnet"]["SubnetId"])


def test_a_nat_gateway_holds_its_subnet_and_address_until_it_is_gone(
    ec2: Any, vpc: str, subnet: str
) -> None:
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    [described] = ec2.describe_nat_gateways(NatGatewayIds=[nat["NatGatewayId"]])["NatGateways"]
    assert described["AvailabilityMode"] == "zonal"
    assert described["NatGatewayAddresses"][0]["IsPrimary"] is True

    held = "DependencyViolation"
    assert refusal(ec2.delete_subnet, SubnetId=subnet).startswith(held)
    leave = {"InternetGatewayId": gateway, "VpcId": vpc}
    assert refusal(ec2.detach_internet_gateway, **leave).startswith(held)
    said = refusal(ec2.release_address, AllocationId=address)
    assert said.startswith("InvalidIPAddress.InUse")

    ec2.delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])
    ec2.release_address(AllocationId=address)
    ec2.detach_internet_gateway(**leave)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def test_a_vpc_with_a_group_or_gateway_in_it_stays(ec2: Any, vpc: str) -> None:
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    assert group in refusal(ec2.delete_vpc, VpcId=vpc)
    ec2.delete_security_group(GroupId=group)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert gateway in refusal(ec2.delete_vpc, VpcId=vpc)


def test_a_group_that_another_names_stays(ec2: Any, vpc: str) -> None:
    first, second = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("first", "second")
    )
    source = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": first}]}
    ec2.authorize_security_group_ingress(GroupId=second, IpPermissions=[source])
    assert second in refusal(ec2.delete_security_group, GroupId=first)
    ec2.delete_security_group(GroupId=second)
    ec2.delete_security_group(GroupId=first)


def test_a_group_of_an_endpoint_stays(ec2: Any, vpc: str, subnet: str) -> None:
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.sts",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
    )["VpcEndpoint"]["VpcEndpointId"]
    assert endpoint in refusal(ec2.delete_security_group, GroupId=group)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnet)


def test_rules_keep_their_descriptions_and_change_whole(ec2: Any, vpc: str) -> None:
    first, second = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("first", "second")
    )
    pair = {"GroupId": second, "Description": "from nodes"}
    source = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [pair]}
    made = ec2.authorize_security_group_ingress(GroupId=first, IpPermissions=[source])
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def found() -> dict[str, Any]:
        answer = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])
        [described] = answer["SecurityGroupRules"]
        return dict(described)

    assert found()["Description"] == "from nodes"
    assert found()["ReferencedGroupInfo"]["GroupId"] == second
    wanted = {"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8"}
    change = {"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted}
    ec2.modify_security_group_rules(GroupId=first, SecurityGroupRules=[change])
    assert wanted.items() <= found().items()
    assert {"Description", "ReferencedGroupInfo"}.isdisjoint(found())
    [group] = ec2.describe_security_groups(GroupIds=[first])["SecurityGroups"]
    assert group["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/8"}]


def test_a_cluster_holds_its_subnets_and_groups(
    aws: FakeAws, ec2: Any, around: Surroundings
) -> None:
    eks = aws.client("eks")
    made = ec2.create_security_group(GroupName="extra", Description="x", VpcId=around.vpc)
    group = made["GroupId"]
    network = {"subnetIds": around.subnets, "securityGroupIds": [group]}
    eks.create_cluster(**around.cluster(resourcesVpcConfig=network))
    described = eks.describe_cluster(name="dev")["cluster"]["resourcesVpcConfig"]
    for each in (group, described["clusterSecurityGroupId"]):
        said = refusal(ec2.delete_security_group, GroupId=each)
        assert said.startswith("DependencyViolation")
    assert "eni-" in refusal(ec2.delete_subnet, SubnetId=around.subnets[0])
    eks.delete_cluster(name="dev")
    ec2.delete_security_group(GroupId=group)
    inside = [{"Name": "vpc-id", "Values": [around.vpc]}]
    assert ec2.describe_network_interfaces(Filters=inside)["NetworkInterfaces"] == []


def test_a_launch_templates_own_tags_are_none_of_its_data(ec2: Any) -> None:
    instances = {"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "1"}]}
    own = {"ResourceType": "launch-template", "Tags": [{"Key": "b", "Value": "2"}]}
    made = ec2.create_launch_template(
        LaunchTemplateName="tagged",
        LaunchTemplateData={"TagSpecifications": [instances]},
        TagSpecifications=[own],
    )["LaunchTemplate"]
    named = {"LaunchTemplateId": made["LaunchTemplateId"], "Versions": ["1"]}
    [version] = ec2.describe_launch_template_versions(**named)["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"]["TagSpecifications"] == [instances]
    assert made["Tags"] == own["Tags"]


def test_a_capacity_reservation_comes_back_changes_and_ends(ec2: Any) -> None:
    asked = {
        "InstanceType": "p5.48xlarge",
        "InstancePlatform": "Linux/UNIX",
        "AvailabilityZone": "us-east-1a",
        "InstanceMatchCriteria": "targeted",
    }
    made = ec2.create_capacity_reservation(**asked, InstanceCount=1)["CapacityReservation"]
    named = {"CapacityReservationId": made["CapacityReservationId"]}
    ec2.modify_capacity_reservation(**named, InstanceCount=2)
    listed = {"CapacityReservationIds": [made["CapacityReservationId"]]}
    [found] = ec2.describe_capacity_reservations(**listed)["CapacityReservations"]
    assert asked.items() <= found.items()
    assert (found["TotalInstanceCount"], found["State"]) == (2, "active")
    ec2.cancel_capacity_reservation(**named)
    [found] = ec2.describe_capacity_reservations(**listed)["CapacityReservations"]
    assert found["State"] == "cancelled"
    said = refusal(ec2.describe_capacity_reservations, CapacityReservationIds=["cr-0"])
    assert said.startswith("InvalidCapacityReservationId.NotFound")
