"""EC2: what moto lacks of networks, launch templates and capacity reservations.

The guards refuse deletions in an order that AWS would refuse: moto lets go of a subnet with network
interfaces in it, or of a VPC with its Internet gateway attached.
"""

from collections.abc import Iterable
from typing import Any

from moto.ec2.models import ec2_backends

from tests.aws.place import Cluster, Place, fresh_id, now
from tests.aws.rows import Row, rows
from tests.aws.wire import Document, Refusal

IN_USE = "DependencyViolation"
RESERVATIONS = "capacity reservation"


def _ec2(place: Place) -> Any:
    return ec2_backends[place.account][place.region]


# --- deletions ------------------------------------------------------------------------------------


def _refuse(what: str, users: Iterable[str], code: str = IN_USE) -> None:
    found = sorted(users)
    if found:
        raise Refusal(code, f"The {what} has dependencies and cannot be deleted: {found}")


def keep_used_subnet(place: Place, given: Document) -> None:
    subnet = given["SubnetId"]
    _refuse(f"subnet '{subnet}'", (i.id for i in _interfaces(place) if i.subnet.id == subnet))


def _interfaces(place: Place) -> list[Any]:
    return list(_ec2(place).enis.values())


def keep_used_group(place: Place, given: Document) -> None:
    group = given.get("GroupId")
    inside = [i.id for i in _interfaces(place) if group in {g.id for g in i.group_set}]
    endpoints = [e.id for e in _endpoints(place) if group in (e.security_group_ids or [])]
    naming = [other.id for other in _groups(place) if other.id != group and _names(other, group)]
    clusters = [each.record["arn"] for each in place.clusters.values() if group in _of(each)]
    _refuse(f"security group '{group}'", [*inside, *endpoints, *naming, *clusters])


def _of(cluster: Cluster) -> list[str]:
    network = cluster.record["resourcesVpcConfig"]
    return [network["clusterSecurityGroupId"], *network["securityGroupIds"]]


def _endpoints(place: Place) -> list[Any]:
    return [e for e in _ec2(place).vpc_end_points.values() if e.state != "deleted"]


def _groups(place: Place) -> list[Any]:
    return [group for of_vpc in _ec2(place).groups.values() for group in of_vpc.values()]


def _names(group: Any, other: str | None) -> bool:
    rules = [*group.ingress_rules, *group.egress_rules]
    return any(other == rule.source_group.get("GroupId") for rule in rules)


def keep_used_gateway(place: Place, given: Document) -> None:
    vpc = given["VpcId"]
    mapped = [a.public_ip for a in _ec2(place).addresses if a.eni and a.eni.subnet.vpc_id == vpc]
    _refuse(f"internet gateway of {vpc}", mapped)


def keep_used_address(place: Place, given: Document) -> None:
    found = [a for a in _ec2(place).addresses if a.allocation_id == given.get("AllocationId")]
    used = [a.association_id for a in found if a.association_id]
    _refuse(f"address {given.get('AllocationId')}", used, "InvalidIPAddress.InUse")


def keep_used_vpc(place: Place, given: Document) -> None:
    vpc = given["VpcId"]
    gateways = [g.id for g in _ec2(place).internet_gateways.values() if g.vpc and g.vpc.id == vpc]
    groups = [g.id for g in _groups(place) if g.vpc_id == vpc and g.name != "default"]
    endpoints = [e.id for e in _endpoints(place) if e.vpc_id == vpc]
    _refuse(f"vpc '{vpc}'", [*gateways, *groups, *endpoints])


# --- NAT gateways ---------------------------------------------------------------------------------


def release_nat(place: Place, given: Document, answer: Document) -> Document:
    """A NAT gateway that is gone holds neither its interface nor its address."""
    ec2 = _ec2(place)
    gone = ec2.nat_gateways[given["NatGatewayId"]]
    for address in ec2.addresses:
        if address.eni is not None and address.eni.id == gone._eni.id:
            ec2.disassociate_address(association_id=address.association_id)
    ec2.enis.pop(gone._eni.id, None)
    return answer


def zonal(place: Place, given: Document, answer: Document) -> Document:  # noqa: ARG001
    gateways = [*answer.get("NatGateways", []), *filter(None, [answer.get("NatGateway")])]
    for gateway in gateways:
        gateway["AvailabilityMode"] = "zonal"
        for address in gateway["NatGatewayAddresses"]:
            address |= {"IsPrimary": True, "Status": "succeeded"}
    return answer


# --- launch templates -----------------------------------------------------------------------------


def own_tags_only(place: Place, given: Document, answer: Document) -> Document:  # noqa: ARG001
    """The template's own tags are none of its data."""
    for version in answer["LaunchTemplateVersions"]:
        data = version["LaunchTemplateData"]
        specified = data.pop("TagSpecifications", [])
        kept = [each for each in specified if each["ResourceType"] != "launch-template"]
        if kept:
            data["TagSpecifications"] = kept
    return answer


# --- capacity reservations ------------------------------------------------------------------------


def create_capacity_reservation(place: Place, given: Document) -> Document:
    identity = f"cr-{fresh_id().replace('-', '')[:17]}"
    made: Document = {
        "CapacityReservationId": identity,
        "OwnerId": place.account,
        "CapacityReservationArn": place.arn("ec2", f"capacity-reservation/{identity}"),
        "InstanceType": given["InstanceType"],
        "InstancePlatform": given["InstancePlatform"],
        "AvailabilityZone": given["AvailabilityZone"],
        "Tenancy": given.get("Tenancy", "default"),
        "TotalInstanceCount": given["InstanceCount"],
        "AvailableInstanceCount": given["InstanceCount"],
        "EbsOptimized": given.get("EbsOptimized", False),
        "EphemeralStorage": given.get("EphemeralStorage", False),
        "State": "active",
        "StartDate": now(),
        "CreateDate": now(),
        "EndDateType": given.get("EndDateType", "unlimited"),
        "InstanceMatchCriteria": given.get("InstanceMatchCriteria", "open"),
        "ReservationType": "default",
        "Tags": [tag for spec in given.get("TagSpecifications", []) for tag in spec["Tags"]],
        **({"EndDate": given["EndDate"]} if "EndDate" in given else {}),
    }
    place.shelf(RESERVATIONS)[identity] = made
    return {"CapacityReservation": made}


def _reservation(place: Place, identity: str) -> Document:
    found = place.shelf(RESERVATIONS).get(identity)
    if found is None:
        message = f"The Capacity Reservation ID '{identity}' does not exist"
        raise Refusal("InvalidCapacityReservationId.NotFound", message)
    return found


def describe_capacity_reservations(place: Place, given: Document) -> Document:
    wanted = given.get("CapacityReservationIds") or list(place.shelf(RESERVATIONS))
    return {"CapacityReservations": [_reservation(place, each) for each in wanted]}


def modify_capacity_reservation(place: Place, given: Document) -> Document:
    found = _reservation(place, given["CapacityReservationId"])
    if "InstanceCount" in given:
        count = given["InstanceCount"]
        found.update(TotalInstanceCount=count, AvailableInstanceCount=count)
    members = ("EndDate", "EndDateType", "InstanceMatchCriteria")
    found.update({key: given[key] for key in members if key in given})
    return {"Return": True}


def cancel_capacity_reservation(place: Place, given: Document) -> Document:
    found = _reservation(place, given["CapacityReservationId"])
    found.update(State="cancelled", AvailableInstanceCount=0)
    return {"Return": True}


def _guard(operation: str, why: str, guard: Any) -> Row:
    return Row(service="ec2", operation=operation, why=why, guard=guard)


def _amend(operation: str, why: str, amend: Any) -> Row:
    return Row(service="ec2", operation=operation, why=why, amend=amend)


NO_NAT_MODE = "moto leaves out the mode and which address is the first one, which clients look for"
LACKS = [
    _guard("DeleteSubnet", "moto deletes subnets with interfaces in them", keep_used_subnet),
    _guard("DeleteSecurityGroup", "moto deletes groups that are in use", keep_used_group),
    _guard("DetachInternetGateway", "moto ignores mapped public addresses", keep_used_gateway),
    _guard("ReleaseAddress", "moto releases addresses of NAT gateways", keep_used_address),
    _guard("DeleteVpc", "moto ignores gateways, groups and endpoints in it", keep_used_vpc),
    _amend("DeleteNatGateway", "moto keeps its interface and address", release_nat),
    _amend("CreateNatGateway", NO_NAT_MODE, zonal),
    _amend("DescribeNatGateways", NO_NAT_MODE, zonal),
    _amend("DescribeLaunchTemplateVersions", "moto mixes in its own tags", own_tags_only),
    *rows(
        "ec2",
        "moto has no such call",
        create_capacity_reservation=create_capacity_reservation,
        describe_capacity_reservations=describe_capacity_reservations,
        modify_capacity_reservation=modify_capacity_reservation,
        cancel_capacity_reservation=cancel_capacity_reservation,
    ),
]
