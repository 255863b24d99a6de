"""How a stack's cluster is reached: what is known of it before anything is placed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ekiben.plan.gateway import CHART, CONTROLLER_IMAGE, PROXY_IMAGE
from ekiben.spec import (
    EksCluster,
    ExistingCluster,
    LocalCluster,
    Place,
    Problem,
    SpecError,
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """The way into a cluster. Credentials are paths: their contents never reach the state."""

    kubeconfig: str
    context: str | None
    registry: str
    registry_ca_file: str | None
    registry_auth_file: str | None
    gateway_url: str | None
    """Address of the gateway from outside, without a slash at its end."""

    registry_plain_http: bool = False
    gateway_address: str | None = None
    """Address of the gateway's Service, where something outside relies on it."""

    mirror: Mapping[str, str] = field(default_factory=dict)
    """Official images and charts, and where this cluster takes them from."""

    @property
    def registry_endpoint(self) -> str:
        """The registry as this machine speaks to it."""
        return f"http://{self.registry}" if self.registry_plain_http else self.registry

    def url(self, path: str) -> str:
        return f"{self.gateway_url or 'http://GATEWAY'}{path}"


def access_to(
    cluster: LocalCluster | ExistingCluster | EksCluster, cluster_file: Callable[[str], Path]
) -> Access:
    """`cluster_file` gives the file in which a local cluster of some name describes itself.

    Raises SpecError where there is no such cluster.
    """
    if isinstance(cluster, ExistingCluster):
        return _existing(cluster)
    if isinstance(cluster, EksCluster):
        message = "clusters of kind eks can be planned, but not placed yet"
        raise SpecError([Problem(place=Place(file="the stack"), message=message)])
    file = cluster_file(cluster.name)
    if not file.is_file():
        message = f"the local cluster {cluster.name!r} is not up; run `make up`"
        raise SpecError([Problem(place=Place(file=str(file)), message=message)])
    return _local(json.loads(file.read_text()))


def _existing(cluster: ExistingCluster) -> Access:
    registry = cluster.registry
    return Access(
        kubeconfig=str(Path(cluster.kubeconfig).expanduser()),
        context=cluster.context,
        registry=registry.address,
        registry_ca_file=registry.ca_file,
        registry_auth_file=registry.auth_file,
        registry_plain_http=registry.plain_http,
        gateway_url=cluster.gateway_url and cluster.gateway_url.rstrip("/"),
    )


def _local(found: Mapping[str, Any]) -> Access:
    registry, images = found["registry"], found["images"]
    return Access(
        kubeconfig=found["kubeconfig"],
        context=None,
        registry=registry["address"],
        registry_ca_file=registry["ca"],
        registry_auth_file=registry["auth_file"],
        gateway_url=found["gateway"]["url"],
        gateway_address=found["gateway"]["cluster_ip"],
        mirror={
            CHART: found["charts"]["envoy-gateway"],
            CONTROLLER_IMAGE: images["envoy-gateway"],
            PROXY_IMAGE: images["envoy"],
        },
    )
