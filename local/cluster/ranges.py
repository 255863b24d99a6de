"""Choosing addresses that nothing on this machine uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from local.cluster.errors import ClusterError


@dataclass(frozen=True)
class Ranges:
    """One /16 of a cluster and how it is cut: cable, services, pods."""

    block: IPv4Network

    @property
    def cable(self) -> IPv4Network:
        return IPv4Network((self.block.network_address, 30))

    @property
    def host(self) -> IPv4Address:
        """The host's end of the cable."""
        return self.cable[1]

    @property
    def node(self) -> IPv4Address:
        """The node's end of the cable: API server, registry, kubelet."""
        return self.cable[2]

    @property
    def egress(self) -> IPv4Network:
        """Between the node and its way out, where there is one."""
        return IPv4Network((self.block[0x200], 24))

    @property
    def egress_resolver(self) -> IPv4Address:
        """Where the way out answers names, with the machine's own resolver."""
        return self.egress[3]

    @property
    def services(self) -> IPv4Network:
        return IPv4Network((self.block[0x1000], 20))

    @property
    def pods(self) -> IPv4Network:
        return IPv4Network((self.block[0x8000], 20))

    @property
    def api_service(self) -> IPv4Address:
        """The ClusterIP of `kubernetes.default`: Kubernetes takes the first of the range."""
        return self.services[1]

    @property
    def dns(self) -> IPv4Address:
        return self.services[10]

    @property
    def gateway(self) -> IPv4Address:
        """Reserved for the gateway's Service; below the band that Kubernetes assigns from."""
        return self.services[80]


def candidates() -> list[IPv4Network]:
    """Blocks to try, first the least likely to be met: private, then shared and test ranges."""
    tens = [IPv4Network(f"10.{second}.0.0/16") for second in range(201, 240)]
    docker_side = [IPv4Network(f"172.{second}.0.0/16") for second in (30, 29, 28, 27)]
    shared = [IPv4Network(f"100.{second}.0.0/16") for second in range(112, 128)]
    tests = [IPv4Network("198.18.0.0/16"), IPv4Network("198.19.0.0/16")]
    return [*tens, *docker_side, *shared, *tests]


def choose(taken: Iterable[IPv4Network]) -> Ranges:
    """The first candidate that meets none of `taken` (a default route takes nothing)."""
    real = [network for network in taken if network.prefixlen > 0]
    for block in candidates():
        if not any(block.overlaps(network) for network in real):
            return Ranges(block)
    raise ClusterError(
        "no free address range for the cluster: all of "
        f"{', '.join(str(block) for block in candidates())} meet routes or interfaces of this"
        " machine. Free one of them (`ip route` lists them), or take down a cluster with"
        " `make down CLUSTER=NAME`"
    )
