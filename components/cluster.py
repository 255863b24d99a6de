"""What every kind of cluster offers; gateways, teams and models cannot tell one from another."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from .ownership import Ownership


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Where images go. Credentials are paths: their contents never reach the state."""

    address: str
    """What the names of images begin with."""

    endpoint: str
    """The registry as this machine speaks to it."""

    ca_file: str | None
    auth_file: str | None


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The way into a cluster, and its image registry."""

    provider: kubernetes.Provider
    ownership: Ownership
    kubeconfig: pulumi.Input[str]
    """A path, or the text itself where the cluster is made in the same run. It holds no secret."""

    context: str | None
    registry: Registry
