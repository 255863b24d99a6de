"""Pulumi components: the only code that imports pulumi and its provider packages.

They place what a plan decided and decide nothing themselves. Every component has one shape: a
frozen `XArgs` (plan values plain, late values as `pulumi.Input`), `super().__init__`, one `child`
option, children in dependency order, outputs, `register_outputs`.
"""

from .existing import ExistingCluster, ExistingClusterArgs
from .gateway import Gateway, GatewayArgs
from .interrupt import end_quietly
from .model import Model, ModelArgs
from .namespace import Namespace, NamespaceArgs
from .settings import settings

__all__ = [
    "ExistingCluster",
    "ExistingClusterArgs",
    "Gateway",
    "GatewayArgs",
    "Model",
    "ModelArgs",
    "Namespace",
    "NamespaceArgs",
    "end_quietly",
    "settings",
]
