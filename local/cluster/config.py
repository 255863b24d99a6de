"""What a cluster remembers from its first `up`: its addresses and its port on the host."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from local.cluster import files, ranges
from local.cluster.errors import ClusterError
from local.cluster.layout import Layout
from local.cluster.ranges import Ranges

FIRST_PORT = 8000
API_PORT = 6443
REGISTRY_PORT = 5000


@dataclass(frozen=True)
class ClusterConfig:
    """The choices of one cluster; everything else follows from them and from the tools."""

    name: str
    ranges: Ranges
    gateway_port: int
    """On the host's loopback."""

    @property
    def node_name(self) -> str:
        return f"ekiben-{self.name}"

    @property
    def context(self) -> str:
        """The kubeconfig's context."""
        return f"ekiben-{self.name}"

    @property
    def api(self) -> str:
        return f"https://{self.ranges.node}:{API_PORT}"

    @property
    def registry(self) -> str:
        """The registry's address as image references spell it."""
        return f"{self.ranges.node}:{REGISTRY_PORT}"

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"


def load(layout: Layout) -> ClusterConfig | None:
    """The remembered choices; None before the first `up` and after `down`."""
    return _read(layout.config)


def _read(path: Path) -> ClusterConfig | None:
    try:
        value = files.read_json(path)
        if value is None:
            return None
        block = Ranges(IPv4Network(value["block"]))
        return ClusterConfig(value["name"], block, int(value["gateway_port"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ClusterError(
            f"{path}: not a cluster's configuration ({error});"
            f" `make down CLUSTER={path.parent.name}` removes it"
        ) from None


def save(layout: Layout, config: ClusterConfig) -> None:
    value = {
        "name": config.name,
        "block": str(config.ranges.block),
        "gateway_port": config.gateway_port,
    }
    files.write_json(layout.config, value)


def choose(layout: Layout, taken: Iterable[IPv4Network], ports: Iterable[int]) -> ClusterConfig:
    """Choose for a new cluster, apart from what other clusters of this cache remember.

    `taken` are the networks that the machine uses; `ports` the free ones, best first.
    """
    with _one_at_a_time(layout.clusters):
        others = list(_others(layout))
        blocks = [other.ranges.block for other in others]
        reserved = {other.gateway_port for other in others}
        port = next(port for port in ports if port not in reserved)
        config = ClusterConfig(layout.name, ranges.choose([*taken, *blocks]), port)
        save(layout, config)
        return config


def _others(layout: Layout) -> Iterator[ClusterConfig]:
    for path in sorted(layout.clusters.glob("*/config.json")):
        if path != layout.config and (other := _read(path)) is not None:
            yield other


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
