"""Node groups: the machines that models run on."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from .arns import ReservationId
from .base import Spec
from .values import NAME_PATTERN, Duration, Size, bytes_of, text

GROUP_NAME_LENGTH = 32
INSTANCE_PATTERN = r"^[a-z][-a-z0-9]*\.[-a-z0-9]+$"
LABEL_PATTERN = (
    r"^([a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$"
)
LABEL_VALUE_PATTERN = r"^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$"
OWN_LABELS = ("kubernetes.io/", "k8s.io/", "eks.amazonaws.com/", "karpenter.", "ekiben.dev/")


def _free(key: str) -> str:
    domain = key.rpartition("/")[0]
    if domain and any(
        f".{domain}/".endswith(f".{own}") or own in f"{domain}/" for own in OWN_LABELS
    ):
        raise ValueError("belongs to Kubernetes, EKS, Karpenter or Ekiben; choose another name")
    return key


def _not_system(name: str) -> str:
    if name == "system":
        raise ValueError("is the group that Ekiben keeps for itself; choose another name")
    return name


GroupName = Annotated[
    str,
    StringConstraints(pattern=NAME_PATTERN, max_length=GROUP_NAME_LENGTH),
    AfterValidator(_not_system),
]
InstanceTypeName = Annotated[str, StringConstraints(pattern=INSTANCE_PATTERN)]
LabelKey = Annotated[str, StringConstraints(pattern=LABEL_PATTERN), AfterValidator(_free)]
LabelValue = Annotated[str, BeforeValidator(text), StringConstraints(pattern=LABEL_VALUE_PATTERN)]
NodeCount = Annotated[int, Field(strict=True, ge=0, le=1000)]


class Disk(Spec):
    """The root volume of a node, which holds images, logs and what pods write."""

    size: Size = "100Gi"
    """Whole gibibytes, 20Gi at least."""

    type: Literal["gp3", "io2"] = "gp3"
    """Kind of EBS volume."""

    iops: Annotated[int, Field(strict=True, ge=3000, le=256_000)] = 3000
    """Operations a second."""

    throughput: Annotated[int, Field(strict=True, ge=125, le=2000)] | None = None
    """MiB a second of a gp3 volume. Where silent: 125, or 600 for nodes with accelerators, whose
    large images are then pulled in parallel."""

    @model_validator(mode="after")
    def _fits(self) -> "Disk":
        if bytes_of(self.size) % (1 << 30) or not 20 << 30 <= bytes_of(self.size) <= 16 << 40:
            raise ValueError(
                f"size {self.size} is not a whole number of gibibytes from 20Gi to 16Ti"
            )
        if self.type == "io2" and self.throughput is not None:
            raise ValueError("throughput is a setting of gp3; an io2 volume has it from its iops")
        return self


class Taint(Spec):
    """Keeps pods that do not tolerate it away; models of the group do."""

    key: LabelKey
    """Its key."""

    value: LabelValue = ""
    """Its value."""

    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """What it does to pods that do not tolerate it."""


class Spot(Spec):
    """Spare machines at a lower price, which AWS may take back at two minutes' notice."""

    percentage: Annotated[int, Field(strict=True, ge=0, le=100)] = 0
    """Share of the nodes beyond `min` that are spot. Where none is to be had, on-demand ones are
    taken."""


class GpuSharing(Spec):
    """One GPU for several replicas, which share its memory without a wall between them."""

    shares: Annotated[int, Field(strict=True, ge=2, le=48)]
    """Replicas on one GPU, by time-slicing; a model asks for a part with `gpu: 0.25`."""


class Consolidation(Spec):
    """When nodes that are not needed are ended."""

    when: Literal["empty", "underutilized"] = "underutilized"
    """`empty` waits until no model runs on the node; `underutilized` moves replicas together."""

    after: Duration = "60s"
    """How long a node must have been so."""


class NodeGroup(Spec):
    """Machines of one kind: `min` that are always there, more as models need them, up to `max`."""

    instance_types: Annotated[list[InstanceTypeName], Field(min_length=1, max_length=20)]
    """EC2 instance types, of one architecture and one kind of accelerator; the cheapest that is to
    be had and fits is taken."""

    min: NodeCount = 0
    """Nodes always kept, on demand."""

    max: NodeCount
    """Nodes never exceeded but for moments: a node that replaces another comes before it goes."""

    disk: Disk = Disk()

    labels: Annotated[dict[LabelKey, LabelValue], Field(max_length=20)] = Field(default={})
    """Labels of the nodes besides Ekiben's own."""

    taints: Annotated[list[Taint], Field(max_length=10)] = Field(default=[])
    """Taints of the nodes besides Ekiben's own."""

    priority: Annotated[int, Field(strict=True, ge=0, le=100)] = 0
    """Of two groups that a model fits into, the one with the greater number is filled first."""

    spot: Spot = Spot()

    capacity_reservations: Annotated[list[ReservationId], Field(max_length=10)] = Field(default=[])
    """Reserved capacity (`cr-...`) that is used before any other."""

    gpu_sharing: GpuSharing | None = None
    """Shares each GPU between replicas; only for groups of a fixed size."""

    consolidation: Consolidation = Consolidation()

    @property
    def mixes_spot(self) -> bool:
        """Whether some of the nodes beyond `min` are spot and some are not."""
        return 0 < self.spot.percentage < 100 and self.max - self.min > 1

    @model_validator(mode="after")
    def _ordered(self) -> "NodeGroup":
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) is greater than max ({self.max})")
        if self.max == 0:
            raise ValueError("max is 0, so no node could ever be there; leave the group out")
        if self.gpu_sharing and self.min != self.max:
            raise ValueError(
                f"gpu_sharing needs a group of a fixed size; set min ({self.min}) and max"
                f" ({self.max}) to the same number"
            )
        return self
