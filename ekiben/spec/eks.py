"""An EKS cluster as a stack file describes it."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from .arns import Account, LogDays, Principal
from .balancer import LoadBalancer
from .base import Spec
from .network import ClientCidr, Network
from .nodes import GroupName, NodeGroup
from .values import text

CLUSTER_PATTERN = r"^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$"
KubernetesVersion = Annotated[Literal["1.34", "1.35", "1.36"], BeforeValidator(text)]


class Endpoint(Spec):
    """Who reaches the cluster's API server. From inside the network it always is."""

    public_cidrs: Annotated[list[ClientCidr], Field(max_length=40)] = Field(default=[])
    """Networks outside it that do, such as an office's; none where silent."""


class Encryption(Spec):
    """The key of the account's own that Kubernetes secrets and logs are encrypted with."""

    deletion_window: Annotated[int, Field(strict=True, ge=7, le=30)] = 30
    """Days between its removal and its end, in which it can be had back."""


class EksCluster(Spec):
    """A cluster on AWS, with its network and machines."""

    kind: Literal["eks"]

    name: Annotated[str, StringConstraints(pattern=CLUSTER_PATTERN)] | None = None
    """Its name in AWS; that of the stack where silent."""

    account: Account | None = None
    """The AWS account that it belongs to; with any other credentials nothing is done."""

    kubernetes: KubernetesVersion = "1.35"
    """Kubernetes version. It goes up, one minor version at a time."""

    network: Network

    endpoint: Endpoint = Endpoint()

    load_balancer: LoadBalancer = LoadBalancer()

    admins: Annotated[list[Principal], Field(max_length=50)] = Field(default=[])
    """Roles and users that may do everything in the cluster; where silent, whoever runs
    `pulumi up`."""

    encryption: Encryption = Encryption()

    log_retention: LogDays = 365
    """Days that the control plane's logs are kept."""

    protect: bool = True
    """Whether cluster, network and keys are guarded against removal."""

    node_groups: Annotated[dict[GroupName, NodeGroup], Field(max_length=50)] = Field(default={})
    """The machines that models run on, by name."""
