"""What people wrote: stack files and model folders, parsed, merged, checked and made canonical.

Takes files, gives a frozen `StackSpec`, or a `SpecError` that lists every problem with file, line
and column. Knows neither Pulumi nor Kubernetes, reads no environment and no clock.
"""

from .claims import route
from .cluster import ExistingCluster, GatewaySpec, LocalCluster
from .digest import ModelSource, digest, model_source, recipe_digest
from .eks import EksCluster
from .load import load
from .model import ModelSpec
from .problems import Place, Problem, SpecError
from .stack import Model, StackSpec

__all__ = [
    "EksCluster",
    "ExistingCluster",
    "GatewaySpec",
    "LocalCluster",
    "Model",
    "ModelSource",
    "ModelSpec",
    "Place",
    "Problem",
    "SpecError",
    "StackSpec",
    "digest",
    "load",
    "model_source",
    "recipe_digest",
    "route",
]
