"""The network part of an EKS cluster: made by Ekiben, or there already."""

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from .arns import CIDR_PATTERN, LogDays, SubnetId, VpcId, Zone
from .base import Spec

PRIVATE = [
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]
LARGEST, SMALLEST = 16, 22
"""Prefix lengths of a VPC: AWS takes no larger one, six zones do not fit into a smaller one."""


def network(text: str) -> ipaddress.IPv4Network:
    """Raises ValueError with what is expected."""
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        pass
    try:
        fitting = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        raise ValueError("expected a network such as 10.20.0.0/16") from None
    raise ValueError(f"has bits set behind its prefix; expected {fitting}")


def _of_vpc(text: str) -> str:
    found = network(text)
    if not LARGEST <= found.prefixlen <= SMALLEST:
        raise ValueError(f"expected a network of /{LARGEST} to /{SMALLEST}")
    if not any(found.subnet_of(block) for block in PRIVATE):
        raise ValueError("expected a private network: in 10/8, 172.16/12, 192.168/16 or 100.64/10")
    return text


def _of_clients(text: str) -> str:
    network(text)
    return text


VpcCidr = Annotated[str, StringConstraints(pattern=CIDR_PATTERN), AfterValidator(_of_vpc)]
ClientCidr = Annotated[str, StringConstraints(pattern=CIDR_PATTERN), AfterValidator(_of_clients)]


def _distinct(values: list[str]) -> list[str]:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"names {twice[0]} twice")
    return values


class Network(Spec):
    """A VPC of its own over the named zones, or one that is there (`vpc`, with its subnets)."""

    cidr: VpcCidr | None = None
    """Addresses of the VPC. An eighth of them goes to each zone's private subnet."""

    zones: Annotated[list[Zone], Field(max_length=6), AfterValidator(_distinct)] = Field(default=[])
    """Availability zones, two at least. A zone keeps its addresses when others come or go."""

    nat: Literal["none", "single", "per_zone"] = "single"
    """How private subnets reach the Internet: through one NAT gateway, through one a zone, which
    outlives the loss of a zone, or not at all: then AWS is reached through interface endpoints."""

    flow_logs: Literal[0, LogDays] = 365
    """Days that records of the VPC's connections are kept; 0 makes none."""

    vpc: VpcId | None = None
    """A VPC that is there already; nothing in it is changed but what is made for the cluster."""

    private_subnets: Annotated[list[SubnetId], AfterValidator(_distinct)] = Field(default=[])
    """Of `vpc`: where nodes and pods are, in two zones at least."""

    vpc_cidr: VpcCidr | None = None
    """Of `vpc`: its addresses, which may reach an internal load balancer."""

    public_subnets: Annotated[list[SubnetId], AfterValidator(_distinct)] = Field(default=[])
    """Of `vpc`: where a public load balancer is; none where it is internal."""

    @model_validator(mode="after")
    def _one_of_two(self) -> "Network":
        if self.vpc is None:
            self._made()
        else:
            self._given()
        return self

    def _made(self) -> None:
        if self.cidr is None:
            raise ValueError("has no cidr, such as 10.20.0.0/16; or give the vpc that is there")
        if self.private_subnets or self.public_subnets or self.vpc_cidr:
            raise ValueError("gives parts of a vpc without the vpc; give it, or leave them out")
        if len(self.zones) < 2:
            raise ValueError(f"names {len(self.zones)} zones; EKS needs two at least")

    def _given(self) -> None:
        made = [name for name in ("cidr", "zones") if getattr(self, name)]
        if made:
            raise ValueError(f"gives {made[0]} beside a vpc that is there; keep one of them")
        if len(self.private_subnets) < 2:
            raise ValueError("gives a vpc without two private_subnets at least")
        if self.vpc_cidr is None:
            raise ValueError("gives a vpc without its vpc_cidr, such as 10.20.0.0/16")
