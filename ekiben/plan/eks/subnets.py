"""Which addresses each subnet gets.

A VPC is cut into eighths. Zone `a` has the first for its private subnet, zone `f` the sixth; the
seventh is cut into eighths again for the public subnets; the last stays free. So a zone's
addresses depend on its letter alone: adding or removing another moves none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

_LETTERS = "abcdef"
_PUBLIC = 6
"""The eighth that public subnets share: load balancers and NAT gateways need few addresses."""

SERVICES = ("172.20.0.0/16", "10.100.0.0/16")
"""Where Kubernetes Services get their addresses: the first that is not in the VPC."""


@dataclass(frozen=True, kw_only=True)
class ZonePlan:
    zone: str
    private: str
    public: str


def zone_plans(cidr: str, zones: Sequence[str]) -> list[ZonePlan]:
    """Subnets of each zone, in the order of their letters."""
    eighths = list(IPv4Network(cidr).subnets(prefixlen_diff=3))
    public = list(eighths[_PUBLIC].subnets(prefixlen_diff=3))
    places = sorted((_LETTERS.index(zone[-1]), zone) for zone in zones)
    return [
        ZonePlan(zone=zone, private=str(eighths[place]), public=str(public[place]))
        for place, zone in places
    ]


def service_cidr(vpc: str) -> str:
    """A range for Services outside the VPC."""
    own = IPv4Network(vpc)
    return next(block for block in SERVICES if not own.overlaps(IPv4Network(block)))
