"""The load balancer before the gateway: a network load balancer, its listener and its name.

It hands connections to the gateway's pods by their addresses; which pods these are, a
TargetGroupBinding in the cluster says. TLS ends here, with a certificate of ACM.
"""

from typing import Any

from ekiben.spec import digest
from ekiben.spec.balancer import LoadBalancer
from ekiben.spec.eks import EksCluster

from . import network
from .names import Home, named
from .resource import Resource, Resources, ref

GATEWAY_PORT = 10080
"""Where Envoy Gateway's pods listen for port 80 of the gateway."""

_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.2 and 1.3 with forward secrecy alone."""

_DRAIN_SECONDS = 60
"""How long the gateway's proxies finish what they have begun when they end."""


def balancer(home: Home, spec: EksCluster) -> Resources:
    wanted = spec.load_balancer
    return {
        **_closed_but_for(home, spec),
        **_balancer(home, spec),
        **_certificate(wanted),
        **_listener(wanted),
        **_names(wanted),
    }


def _closed_but_for(home: Home, spec: EksCluster) -> Resources:
    """From the named networks to the balancer, and from the balancer to the gateway's pods."""
    group = {"securityGroupId": ref("balancer-group")}
    pods = {"securityGroupId": ref("cluster", "vpcConfig.clusterSecurityGroupId")}
    to_pods = _port(GATEWAY_PORT)
    rule = "aws:vpc/securityGroup{0}Rule:SecurityGroup{0}Rule"
    found = {
        "balancer-group": Resource(
            type="aws:ec2/securityGroup:SecurityGroup",
            properties={
                "vpcId": network.vpc_id(spec.network),
                "description": "Load balancer before the gateway",
                **named(home.name("balancer")),
            },
        )
    }
    for cidr in _clients(spec):
        found[f"balancer-in-{digest(cidr, 8)}"] = Resource(
            type=rule.format("Ingress"),
            properties={
                **group,
                **_port(_door(spec.load_balancer)),
                "cidrIpv4": cidr,
                "description": "Clients",
            },
        )
    found["balancer-out"] = Resource(
        type=rule.format("Egress"),
        properties={
            **group,
            **to_pods,
            "referencedSecurityGroupId": pods["securityGroupId"],
            "description": "The gateway's pods",
        },
    )
    found["gateway-in"] = Resource(
        type=rule.format("Ingress"),
        properties={
            **pods,
            **to_pods,
            "referencedSecurityGroupId": ref("balancer-group"),
            "description": "Load balancer",
        },
    )
    return found


def _clients(spec: EksCluster) -> list[str]:
    """Networks that may connect."""
    wanted = spec.load_balancer
    if wanted.source_cidrs is not None:
        return sorted(wanted.source_cidrs)
    return ["0.0.0.0/0"] if wanted.public else [network.cidr(spec.network)]


def _port(number: int) -> dict[str, Any]:
    return {"ipProtocol": "tcp", "fromPort": number, "toPort": number}


def _door(wanted: LoadBalancer) -> int:
    return 443 if wanted.domain else 80


def _balancer(home: Home, spec: EksCluster) -> Resources:
    public = spec.load_balancer.public
    subnets = network.public_subnets if public else network.private_subnets
    return {
        "balancer": Resource(
            type="aws:lb/loadBalancer:LoadBalancer",
            properties={
                "loadBalancerType": "network",
                "internal": not public,
                "subnets": subnets(spec.network),
                "securityGroups": [ref("balancer-group")],
                "enableCrossZoneLoadBalancing": True,
                "enableDeletionProtection": spec.protect,
                **named(home.name("gateway")),
            },
            needs=network.public_route(spec.network) if public else (),
        ),
        "gateway-targets": Resource(
            type="aws:lb/targetGroup:TargetGroup",
            properties={
                "vpcId": network.vpc_id(spec.network),
                "targetType": "ip",
                "protocol": "TCP",
                "port": GATEWAY_PORT,
                "deregistrationDelay": _DRAIN_SECONDS,
                "healthCheck": {
                    "enabled": True,
                    "protocol": "TCP",
                    "port": "traffic-port",
                    "interval": 10,
                    "healthyThreshold": 2,
                    "unhealthyThreshold": 2,
                },
                **named(home.name("gateway")),
            },
        ),
    }


def _certificate(wanted: LoadBalancer) -> Resources:
    """One for the domain and all names below it, proven by a record that stays for renewals."""
    if wanted.domain is None or wanted.certificate is not None:
        return {}
    option = "domainValidationOptions.0.resourceRecord"
    return {
        "certificate": Resource(
            type="aws:acm/certificate:Certificate",
            properties={
                "domainName": wanted.domain,
                "subjectAlternativeNames": [f"*.{wanted.domain}"],
                "validationMethod": "DNS",
            },
        ),
        "certificate-record": Resource(
            type="aws:route53/record:Record",
            properties={
                "zoneId": wanted.zone,
                "name": ref("certificate", f"{option}Name"),
                "type": ref("certificate", f"{option}Type"),
                "records": [ref("certificate", f"{option}Value")],
                "ttl": 300,
            },
        ),
        "certificate-proven": Resource(
            type="aws:acm/certificateValidation:CertificateValidation",
            properties={
                "certificateArn": ref("certificate", "arn"),
                "validationRecordFqdns": [ref("certificate-record", "fqdn")],
            },
        ),
    }


def _listener(wanted: LoadBalancer) -> Resources:
    """TLS with a domain, plain TCP inside the network without one."""
    proven = wanted.certificate or ref("certificate-proven", "certificateArn")
    tls = {"protocol": "TLS", "sslPolicy": _TLS_POLICY, "certificateArn": proven}
    return {
        "listener": Resource(
            type="aws:lb/listener:Listener",
            properties={
                "loadBalancerArn": ref("balancer", "arn"),
                "port": _door(wanted),
                **(tls if wanted.domain else {"protocol": "TCP"}),
                "defaultActions": [
                    {"type": "forward", "targetGroupArn": ref("gateway-targets", "arn")}
                ],
            },
        )
    }


def _names(wanted: LoadBalancer) -> Resources:
    """Every team's name, and the domain itself."""
    if wanted.domain is None or wanted.zone is None:
        return {}
    alias = {
        "name": ref("balancer", "dnsName"),
        "zoneId": ref("balancer", "zoneId"),
        "evaluateTargetHealth": True,
    }
    return {
        name: Resource(
            type="aws:route53/record:Record",
            properties={
                "zoneId": wanted.zone,
                "name": host,
                "type": "A",
                "aliases": [alias],
            },
        )
        for name, host in (("domain", wanted.domain), ("teams", f"*.{wanted.domain}"))
    }
