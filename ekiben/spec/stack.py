"""A stack as a whole: cluster, gateway and models, checked against each other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from .base import Spec
from .cluster import Cluster, ClusterSpec, GatewaySpec, LocalCluster
from .digest import ModelSource
from .model import ModelSpec
from .placement import Placement
from .values import ModelName, TeamName


class StackFile(Spec):
    """What stands under `ekiben:` in a stack file."""

    team: TeamName
    """Who the stack belongs to: the namespace, the first part of every URL and image name."""

    cluster: ClusterSpec = LocalCluster(kind="local")
    """Where the models run; its keys depend on its kind."""

    gateway: GatewaySpec = GatewaySpec()

    models: dict[ModelName, dict[str, Any] | None] = Field(default={})
    """Models of the stack by the name of their folder; what is given here overrides model.yaml."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model: its merged spec and the identity of its sources."""

    name: str
    spec: ModelSpec
    source: ModelSource
    placement: Placement


@dataclass(frozen=True, kw_only=True)
class StackSpec:
    """A checked stack: everything later stages need, and nothing they would have to check again."""

    name: str
    root: Path
    team: str
    cluster: Cluster
    """Where it runs; `kind: stack` is already replaced by the cluster of the stack it names."""

    region: str | None = None
    """AWS region of a cluster on AWS."""

    platform: str | None
    """The stack that keeps the cluster and its gateway, where that is another one."""

    gateway: GatewaySpec
    models: dict[str, Model]
