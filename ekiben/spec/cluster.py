"""The cluster part of a stack file: where the stack's models run."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Spec
from .eks import EksCluster
from .values import Duration, Size

ADDRESS_PATTERN = r"^[a-z0-9]([-.:a-z0-9]*[a-z0-9])?(/[-._a-z0-9]+)*$"
NAME_PATTERN = r"^[a-z]([-a-z0-9]{0,19}[a-z0-9])?$"
STACK_PATTERN = r"^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$"
"""What Pulumi takes as a stack's name and Kubernetes as the value of a label."""

Architecture = Literal["amd64", "arm64"]
"""Processors that images are built for, by the values of the node label `kubernetes.io/arch`."""

StackName = Annotated[str, StringConstraints(pattern=STACK_PATTERN)]


class RegistrySpec(Spec):
    """The image registry that the cluster pulls from and this machine pushes to."""

    address: Annotated[str, StringConstraints(pattern=ADDRESS_PATTERN)]
    """`host[:port][/path]`; images become `<address>/<team>/<model>`."""

    plain_http: bool = False
    """Whether it speaks HTTP without TLS, as the local registries of kind and k3d do."""

    ca_file: str | None = None
    """Certificate authority of the registry, a PEM file; the system's where silent."""

    auth_file: str | None = None
    """Credentials as `docker login` or `skopeo login` write them; none where silent."""


class LocalCluster(Spec):
    """The cluster that `make up` keeps on this machine."""

    kind: Literal["local"]

    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN)] = "local"
    """Which one, where a machine keeps several."""


class ExistingCluster(Spec):
    """A cluster made by others, reached through a kubeconfig."""

    kind: Literal["existing"]

    kubeconfig: str = "~/.kube/config"
    """Path of the kubeconfig file."""

    context: str | None = None
    """Its context; the current one where silent."""

    architecture: Architecture = "amd64"
    """Processor architecture of the nodes that models run on."""

    registry: RegistrySpec
    """Where images are pushed to and pulled from, such as `{address: registry.example.com}`."""

    gateway_url: str | None = None
    """Address under which the gateway is reached from outside, where that is known before."""


class StackCluster(Spec):
    """The cluster of another stack of this project, which also keeps the gateway."""

    kind: Literal["stack"]

    stack: StackName
    """Name of that stack."""


Cluster = LocalCluster | ExistingCluster | EksCluster
"""What a stack lives on, once a stack named in its place is followed."""

ClusterSpec = Annotated[
    LocalCluster | ExistingCluster | StackCluster | EksCluster, Field(discriminator="kind")
]


class GatewaySpec(Spec):
    """Limits at the cluster's door, the same for every model."""

    max_body: Size = "20Mi"
    """Longest request body; beyond it the answer is 413."""

    max_connections: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 10_000
    """Client connections one gateway replica holds at once."""

    request_received_timeout: Duration = "30s"
    """How long a client may take to send its request; slow senders are cut off."""

    idle_timeout: Duration = "300s"
    """How long an idle client connection is kept."""

    replicas: Annotated[int, Field(strict=True, ge=1, le=100)] = 1
    """Replicas of the proxy."""
