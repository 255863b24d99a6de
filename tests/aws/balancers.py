"""Load balancers: network ones have ARNs of their own, interfaces in their subnets, protection."""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from tests.aws.accounts import issued
from tests.aws.place import Place
from tests.aws.rows import Row
from tests.aws.wire import Document, Refusal

KEPT = "deletion_protection.enabled"

TARGETS_OF_NETWORK = {
    "deregistration_delay.connection_termination.enabled": "false",
    "preserve_client_ip.enabled": "false",
    "proxy_protocol_v2.enabled": "false",
    "target_health_state.unhealthy.connection_termination.enabled": "true",
    "target_health_state.unhealthy.draining_interval_seconds": "0",
}
"""Attributes of a network load balancer's target group of IP addresses, where none were given
(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html).
"""


def _elb(place: Place) -> Any:
    return elbv2_backends[place.account][place.region]


def one_of_a_name(place: Place, given: Document) -> None:
    if any(each.name == given["Name"] for each in _elb(place).load_balancers.values()):
        message = f"A load balancer with the same name '{given['Name']}' exists"
        raise Refusal("DuplicateLoadBalancerName", message)


def placed(place: Place, given: Document, answer: Document) -> Document:
    """A network load balancer by its own ARN, with an interface in each subnet."""
    described = answer["LoadBalancers"][0]
    balancers = _elb(place).load_balancers
    if described["Type"] == "network":
        balancer = balancers.pop(described["LoadBalancerArn"])
        arn = balancer.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        tags = _elb(place).tagging_service
        tags.tag_resource(arn, tags.list_tags_for_resource(balancer.arn)["Tags"])
        tags.delete_all_tags_for_resource(balancer.arn)
        balancer.arn = described["LoadBalancerArn"] = arn
        balancers[arn] = balancer
    ec2 = ec2_backends[place.account][place.region]
    for subnet in balancers[described["LoadBalancerArn"]].subnets:
        ec2.create_network_interface(
            subnet,
            "",
            group_ids=given.get("SecurityGroups", []),
            description=_interface(described["LoadBalancerArn"]),
        )
    return answer


def _interface(arn: str) -> str:
    return f"ELB {arn.partition(':loadbalancer/')[2]}"


def keep_protected(place: Place, given: Document) -> None:
    found = _elb(place).load_balancers.get(given["LoadBalancerArn"])
    if found is not None and found.attrs.get(KEPT) == "true":
        message = f"Load balancer '{found.arn}' cannot be deleted because it is protected"
        raise Refusal("OperationNotPermitted", message)


def removed(place: Place, given: Document, answer: Document) -> Document:
    ec2 = ec2_backends[place.account][place.region]
    description = _interface(given["LoadBalancerArn"])
    for interface in [i for i in ec2.enis.values() if i.description == description]:
        ec2.delete_network_interface(interface.id)
    return answer


def with_certificates(place: Place, given: Document) -> None:
    for certificate in given.get("Certificates", []):
        arn = certificate["CertificateArn"]
        usable = issued(place, arn) if ":acm:" in arn else True
        if usable is None:
            raise Refusal("CertificateNotFound", f"Certificate ARN '{arn}' is not valid")
        if not usable:
            raise Refusal("UnsupportedCertificate", f"The certificate '{arn}' is not issued yet")


def targets_of_network(place: Place, given: Document, answer: Document) -> Document:
    group = _elb(place).target_groups[given["TargetGroupArn"]]
    if group.protocol in ("TCP", "TLS", "UDP", "TCP_UDP"):
        known = {attribute["Key"] for attribute in answer["Attributes"]}
        usual = TARGETS_OF_NETWORK.items()
        answer["Attributes"] += [{"Key": k, "Value": v} for k, v in usual if k not in known]
    return answer


LACKS = [
    Row(
        service="elbv2",
        operation="CreateLoadBalancer",
        why="moto gives network load balancers ARNs of application ones, two one name, and none "
        "network interfaces",
        guard=one_of_a_name,
        amend=placed,
    ),
    Row(
        service="elbv2",
        operation="DeleteLoadBalancer",
        why="moto deletes protected load balancers",
        guard=keep_protected,
        amend=removed,
    ),
    Row(
        service="elbv2",
        operation="CreateListener",
        why="moto takes certificates that are not issued",
        guard=with_certificates,
    ),
    Row(
        service="elbv2",
        operation="DescribeTargetGroupAttributes",
        why="moto gives target groups of network load balancers attributes of application ones",
        amend=targets_of_network,
    ),
]
