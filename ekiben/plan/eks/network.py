"""The network: a VPC with public and private subnets in each zone, and the ways out of it."""

from collections.abc import Sequence
from typing import Any

from ekiben.spec.network import Network

from .names import DISCOVERY, Home, flow_log_group, named
from .policy import allow, document, trust
from .resource import Resource, Resources, ref
from .roles import entitled, role
from .subnets import ZonePlan, zone_plans

PRIVATE_ONLY = (
    *("ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs"),
    *("secretsmanager", "sqs", "ssm", "sts"),
)
"""What nodes and add-ons call; without a way to the Internet each needs an endpoint of its own."""


def network(home: Home, spec: Network) -> Resources:
    """The resources of a VPC of our own; none where the stack file names one that is there."""
    if spec.vpc is not None or spec.cidr is None:
        return {}
    zones = zone_plans(spec.cidr, spec.zones)
    return {
        **_vpc(home, spec.cidr),
        **_subnets(home, zones),
        **_public_routes(home, zones),
        **_nat_gateways(home, spec, zones),
        **_private_routes(home, spec, zones),
        **_endpoints(home, spec, zones),
        **_flow_logs(home, spec),
    }


def private_subnets(spec: Network) -> list[str]:
    """Ids of the subnets that nodes and pods are in, as far as they are known."""
    return list(spec.private_subnets) or [ref(f"private-{zone[-1]}") for zone in _zones(spec)]


def public_subnets(spec: Network) -> list[str]:
    return list(spec.public_subnets) or [ref(f"public-{zone[-1]}") for zone in _zones(spec)]


def vpc_id(spec: Network) -> str:
    return spec.vpc or ref("vpc")


def cidr(spec: Network) -> str:
    """Addresses of the whole VPC."""
    found = spec.vpc_cidr or spec.cidr
    assert found is not None, "checked by the spec"
    return found


def public_route(spec: Network) -> tuple[str, ...]:
    """What must be there before something in a public subnet is reached."""
    return () if spec.vpc else ("public-out",)


def private_routes(spec: Network) -> tuple[str, ...]:
    """What must be there before a node in a private subnet finds anybody."""
    if spec.vpc:
        return ()
    last = "out" if spec.nat != "none" else "routed"
    return tuple(f"private-{zone[-1]}-{last}" for zone in _zones(spec))


def _zones(spec: Network) -> list[str]:
    return sorted(spec.zones)


def _vpc(home: Home, cidr: str) -> Resources:
    return {
        "vpc": Resource(
            type="aws:ec2/vpc:Vpc",
            properties={
                "cidrBlock": cidr,
                "enableDnsHostnames": True,
                "enableDnsSupport": True,
                **named(home.cluster),
            },
        ),
        # Every VPC comes with a group that lets its members talk; with no rules it lets nobody.
        "closed-group": Resource(
            type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
            properties={
                "vpcId": ref("vpc"),
                "ingress": [],
                "egress": [],
                **named(home.name("closed")),
            },
        ),
        "internet-gateway": Resource(
            type="aws:ec2/internetGateway:InternetGateway",
            properties={"vpcId": ref("vpc"), **named(home.cluster)},
        ),
    }


def _subnets(home: Home, zones: Sequence[ZonePlan]) -> Resources:
    private = {"kubernetes.io/role/internal-elb": "1", DISCOVERY: home.cluster}
    public = {"kubernetes.io/role/elb": "1"}
    return {
        name: resource
        for plan in zones
        for name, resource in (
            _subnet(home, "private", plan.zone, plan.private, private),
            _subnet(home, "public", plan.zone, plan.public, public),
        )
    }


def _subnet(
    home: Home, role: str, zone: str, cidr: str, tags: dict[str, str]
) -> tuple[str, Resource]:
    name = f"{role}-{zone[-1]}"
    properties = {
        "vpcId": ref("vpc"),
        "availabilityZone": zone,
        "cidrBlock": cidr,
        "mapPublicIpOnLaunch": False,
        **named(home.name(name), **tags),
    }
    return name, Resource(type="aws:ec2/subnet:Subnet", properties=properties)


def _public_routes(home: Home, zones: Sequence[ZonePlan]) -> Resources:
    table = _route_table(home, "public")
    out = _route("public", {"gatewayId": ref("internet-gateway")})
    return {
        "public-routes": table,
        "public-out": out,
        **{f"public-{plan.zone[-1]}-routes": _routed("public", plan.zone) for plan in zones},
    }


def _nat_gateways(home: Home, spec: Network, zones: Sequence[ZonePlan]) -> Resources:
    """Gateways in public subnets, through which private ones reach the Internet."""
    return {
        name: resource
        for plan in _with_gateway(spec, zones)
        for name, resource in _nat_gateway(home, plan.zone[-1]).items()
    }


def _with_gateway(spec: Network, zones: Sequence[ZonePlan]) -> Sequence[ZonePlan]:
    return {"none": zones[:0], "single": zones[:1], "per_zone": zones}[spec.nat]


def _nat_gateway(home: Home, letter: str) -> Resources:
    return {
        f"nat-{letter}-address": Resource(
            type="aws:ec2/eip:Eip",
            properties={"domain": "vpc", **named(home.name(f"nat-{letter}"))},
        ),
        f"nat-{letter}": Resource(
            type="aws:ec2/natGateway:NatGateway",
            properties={
                "subnetId": ref(f"public-{letter}"),
                "allocationId": ref(f"nat-{letter}-address"),
                **named(home.name(letter)),
            },
            needs=("public-out",),
        ),
    }


def _private_routes(home: Home, spec: Network, zones: Sequence[ZonePlan]) -> Resources:
    found: Resources = {}
    gateways = [plan.zone[-1] for plan in _with_gateway(spec, zones)]
    for plan in zones:
        letter = plan.zone[-1]
        found[f"private-{letter}-routes"] = _route_table(home, f"private-{letter}")
        if gateways:
            through = letter if letter in gateways else gateways[0]
            target = {"natGatewayId": ref(f"nat-{through}")}
            found[f"private-{letter}-out"] = _route(f"private-{letter}", target)
        found[f"private-{letter}-routed"] = _routed(f"private-{letter}", plan.zone, "private")
    return found


def _route_table(home: Home, name: str) -> Resource:
    return Resource(
        type="aws:ec2/routeTable:RouteTable",
        properties={"vpcId": ref("vpc"), **named(home.name(name))},
    )


def _route(table: str, target: dict[str, str]) -> Resource:
    properties = {
        "routeTableId": ref(f"{table}-routes"),
        "destinationCidrBlock": "0.0.0.0/0",
        **target,
    }
    return Resource(type="aws:ec2/route:Route", properties=properties)


def _routed(table: str, zone: str, role: str = "public") -> Resource:
    properties = {
        "subnetId": ref(f"{role}-{zone[-1]}"),
        "routeTableId": ref(f"{table}-routes"),
    }
    return Resource(
        type="aws:ec2/routeTableAssociation:RouteTableAssociation", properties=properties
    )


def _endpoints(home: Home, spec: Network, zones: Sequence[ZonePlan]) -> Resources:
    """S3 through a gateway, which costs nothing and carries every image layer; the rest through
    interfaces where there is no other way."""
    tables = [ref(f"private-{plan.zone[-1]}-routes") for plan in zones]
    found = {
        "endpoint-s3": Resource(
            type="aws:ec2/vpcEndpoint:VpcEndpoint",
            properties={
                "vpcId": ref("vpc"),
                "serviceName": f"com.amazonaws.{home.region}.s3",
                "vpcEndpointType": "Gateway",
                "routeTableIds": tables,
                **named(home.name("s3")),
            },
        )
    }
    if spec.nat == "none":
        found |= _endpoint_group(home, spec)
        found |= {
            _endpoint_name(service): _interface(home, service, spec) for service in PRIVATE_ONLY
        }
    return found


def _endpoint_name(service: str) -> str:
    return f"endpoint-{service.replace('.', '-')}"


def _endpoint_group(home: Home, spec: Network) -> Resources:
    return {
        "endpoints-group": Resource(
            type="aws:ec2/securityGroup:SecurityGroup",
            properties={
                "vpcId": ref("vpc"),
                "description": "AWS services as they are reached from inside the network",
                **named(home.name("endpoints")),
            },
        ),
        "endpoints-in": Resource(
            type="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            properties={
                "securityGroupId": ref("endpoints-group"),
                "description": "HTTPS from nodes and pods",
                "cidrIpv4": spec.cidr,
                "ipProtocol": "tcp",
                "fromPort": 443,
                "toPort": 443,
            },
        ),
    }


def _interface(home: Home, service: str, spec: Network) -> Resource:
    return Resource(
        type="aws:ec2/vpcEndpoint:VpcEndpoint",
        properties={
            "vpcId": ref("vpc"),
            "serviceName": f"com.amazonaws.{home.region}.{service}",
            "vpcEndpointType": "Interface",
            "privateDnsEnabled": True,
            "subnetIds": private_subnets(spec),
            "securityGroupIds": [ref("endpoints-group")],
            **named(home.name(service)),
        },
    )


def _flow_logs(home: Home, spec: Network) -> Resources:
    """Records of every connection in the VPC, accepted or not."""
    if not spec.flow_logs:
        return {}
    source: dict[str, Any] = {
        "StringEquals": {"aws:SourceAccount": home.account},
        "ArnLike": {"aws:SourceArn": home.arn("ec2", "vpc-flow-log/*")},
    }
    write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    into = [f"{ref('flow-logs-group', 'arn')}:*"]
    groups = [home.arn("logs", "log-group:*")]
    return {
        "flow-logs-group": Resource(
            type="aws:cloudwatch/logGroup:LogGroup",
            properties={
                "name": flow_log_group(home.cluster),
                "retentionInDays": spec.flow_logs,
                "kmsKeyId": ref("key", "arn"),
            },
        ),
        "flow-logs-role": role(trust("vpc-flow-logs.amazonaws.com", source)),
        "flow-logs-rights": entitled(
            "flow-logs-role",
            document(
                allow("Write", write, into), allow("Find", ["logs:DescribeLogGroups"], groups)
            ),
        ),
        "flow-logs": Resource(
            type="aws:ec2/flowLog:FlowLog",
            properties={
                "vpcId": ref("vpc"),
                "trafficType": "ALL",
                "iamRoleArn": ref("flow-logs-role", "arn"),
                "logDestination": ref("flow-logs-group", "arn"),
                "maxAggregationInterval": 600,
                **named(home.cluster),
            },
            needs=("flow-logs-rights",),
        ),
    }
