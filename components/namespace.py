"""A team's namespace and what it needs once."""

from dataclasses import dataclass
from typing import Any

import pulumi

from .kube import place
from .ownership import Ownership
from .token import token


@dataclass(frozen=True, kw_only=True)
class NamespaceArgs:
    namespace: dict[str, Any]
    service_account: dict[str, Any]
    ownership: Ownership


class Namespace(pulumi.ComponentResource):
    """A namespace held to the *restricted* Pod Security Standard, and the models' account in it."""

    ready: pulumi.Resource
    """What models wait for."""

    def __init__(
        self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token("Namespace"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = place(f"{name}-namespace", args.namespace, args.ownership, child, wait=True)
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        self.ready = place(f"{name}-service-account", args.service_account, args.ownership, inside)
        self.register_outputs({"name": args.namespace["metadata"]["name"]})
