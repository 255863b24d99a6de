"""A team's namespace and what it needs once."""

from dataclasses import dataclass
from typing import Any

import pulumi

from .cluster import Cluster
from .kube import place
from .token import token


@dataclass(frozen=True, kw_only=True)
class NamespaceArgs:
    namespace: dict[str, Any]
    service_account: dict[str, Any]
    cluster: Cluster


class Namespace(pulumi.ComponentResource):
    """A namespace held to the *restricted* Pod Security Standard, and the models' account in it."""

    ready: pulumi.Resource
    """What models wait for."""

    def __init__(
        self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token("Namespace"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        ownership = args.cluster.ownership
        namespace = place(f"{name}-namespace", args.namespace, ownership, child, wait=True)
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        self.ready = place(f"{name}-service-account", args.service_account, ownership, inside)
        self.register_outputs({"name": args.namespace["metadata"]["name"]})
