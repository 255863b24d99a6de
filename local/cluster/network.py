"""The cable between host and node, and what the host uses already."""

from __future__ import annotations

import errno
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute  # type: ignore[import-untyped]
from pyroute2.netlink.exceptions import NetlinkError  # type: ignore[import-untyped]

from local.cluster.errors import ClusterError
from local.cluster.namespaces import inside_network
from local.cluster.ranges import Ranges

NODE_INTERFACE = "host0"
_SYSCTLS = Path("/proc/sys/net/ipv4")
_PATIENCE = 10.0
_NAMESERVER = re.compile(r"^\s*nameserver\s+(\d{1,3}(?:\.\d{1,3}){3})\s*$", re.MULTILINE)


def in_use() -> list[IPv4Network]:
    """All that the machine's IPv4 interfaces and routes cover, and its nameservers."""
    networks: list[IPv4Network] = []
    with IPRoute() as netlink:
        for address in netlink.get_addr(family=socket.AF_INET):
            text = f"{address.get('IFA_ADDRESS')}/{address['prefixlen']}"
            networks.append(IPv4Interface(text).network)
        for route in netlink.get_routes(family=socket.AF_INET):
            if target := route.get("RTA_DST"):
                networks.append(IPv4Network(f"{target}/{route['dst_len']}", strict=False))
    return [*networks, *(IPv4Network(address) for address in nameservers())]


def nameservers(path: Path = Path("/etc/resolv.conf")) -> list[str]:
    """The machine's IPv4 resolvers."""
    with suppress(OSError):
        return _NAMESERVER.findall(path.read_text())
    return []


def free_ports(first: int, count: int = 1000) -> Iterator[int]:
    """TCP ports that can be listened on at 127.0.0.1, from `first` on."""
    return (port for port in range(first, first + count) if is_free(port))


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of 127.0.0.1."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _index(netlink: Any, name: str) -> int | None:
    found = netlink.link_lookup(ifname=name)
    return int(found[0]) if found else None


def connect(host_network: int, host_interface: str, ranges: Ranges) -> None:
    """Join this network namespace (the node's) to the host's, given by its descriptor."""
    with inside_network(host_network):
        remove(host_interface)
    prefix = ranges.cable.prefixlen
    with IPRoute() as netlink:
        netlink.link("set", index=_index(netlink, "lo"), state="up")
        peer = {"ifname": host_interface, "net_ns_fd": host_network}
        netlink.link("add", ifname=NODE_INTERFACE, kind="veth", peer=peer)
        cable = _index(netlink, NODE_INTERFACE)
        netlink.addr("add", index=cable, address=str(ranges.node), prefixlen=prefix)
        netlink.link("set", index=cable, state="up")
        # A pod that is gone has no route. By the way out its packets would come back to the host,
        # and by the cable to the node again, for ever.
        netlink.route("add", dst=str(ranges.pods), type="unreachable")
    with inside_network(host_network), IPRoute() as netlink:
        cable = _index(netlink, host_interface)
        netlink.addr("add", index=cable, address=str(ranges.host), prefixlen=prefix)
        netlink.link("set", index=cable, state="up")
        netlink.route("add", dst=str(ranges.block), gateway=str(ranges.node), oif=cable)
    _SYSCTLS.joinpath("ip_forward").write_text("1")
    # Only the host itself comes in by the cable: nobody that it might route for.
    _SYSCTLS.joinpath("conf", NODE_INTERFACE, "rp_filter").write_text("1")


def remove(interface: str) -> None:
    """Remove the host's end of a cable whose node has ended: the kernel may be slower than we."""
    deadline = time.monotonic() + _PATIENCE
    with IPRoute() as netlink:
        while (index := _index(netlink, interface)) is not None:
            try:
                netlink.link("del", index=index)
            except NetlinkError as error:
                if error.code != errno.ENODEV and time.monotonic() > deadline:
                    raise ClusterError(
                        f"network device {interface} of an earlier run cannot be removed: {error};"
                        f" try `ip link del {interface}`"
                    ) from None
            time.sleep(0.02)
