"""`model.yaml`: what a model needs and promises. Every key has a default."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from .base import Spec
from .nodes import GroupName
from .values import (
    Count,
    CountOrPercent,
    Cpu,
    Duration,
    Endpoint,
    EnvName,
    EnvValue,
    Gpus,
    ModelName,
    OptionalDuration,
    SecretReference,
    Size,
    seconds,
)


def _built(kind: object) -> object:
    if kind in ("async", "batch", "task"):
        raise ValueError("this kind is not built yet; expected 'realtime'")
    if kind != "realtime":
        raise ValueError("expected 'realtime'")
    return kind


def _sorted(given: dict[str, str]) -> dict[str, str]:
    return dict(sorted(given.items()))


_SORTED_NAMES = AfterValidator(lambda names: sorted(set(names)))
_SORTED = AfterValidator(_sorted)
"""The order in which names are written makes no difference."""


class Compute(Spec):
    """What one replica asks for and is held to."""

    cpu: Cpu = "500m"
    """CPU cores requested by one replica. It may use more where the node has some to spare."""

    memory: Size = "1Gi"
    """Memory of one replica, requested and never exceeded: beyond it the replica is ended."""

    gpu: Gpus = 0
    """NVIDIA GPUs of one replica: whole ones, or a part of one in a group that shares them."""

    neuron: Annotated[int, Field(strict=True, ge=0, le=16)] = 0
    """Inferentia or Trainium devices of one replica."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Compute":
        if self.gpu and self.neuron:
            raise ValueError("asks for gpu and for neuron, which no machine has both; keep one")
        return self


class Scaling(Spec):
    """How many replicas there may be."""

    min_replicas: Count = 1
    """Replicas kept even without traffic."""

    max_replicas: Count = 10
    """Replicas never exceeded."""

    @model_validator(mode="after")
    def _ordered(self) -> "Scaling":
        if self.min_replicas > self.max_replicas:
            raise ValueError(
                f"min_replicas ({self.min_replicas}) is greater than max_replicas"
                f" ({self.max_replicas}); raise the one or lower the other"
            )
        return self


class Update(Spec):
    """How a new version replaces the old one."""

    max_surge: CountOrPercent = 1
    """Replicas, or a percentage of them, that may run above the wanted number meanwhile."""

    max_unavailable: CountOrPercent = 0
    """Replicas, or a percentage of them, that may be missing meanwhile. 0 keeps full capacity."""

    min_ready: OptionalDuration = "40s"
    """How long a new version must be healthy before it gets its first request; 0s switches it off.

    Longer than the half minute after which a service that leaks or loses a connection tends to
    crash; replicas of a version that has passed it once start at once.
    """

    deadline: Duration = "600s"
    """How long an update may take before it is given up and reported; also the longest start-up."""

    termination_grace_period: Duration = "60s"
    """How long a replica that is told to stop may take to finish what it has begun."""

    @model_validator(mode="after")
    def _moves(self) -> "Update":
        if self.max_surge == 0 and self.max_unavailable == 0:
            raise ValueError(
                "max_surge and max_unavailable are both 0, so no replica could ever be replaced;"
                " set one of them to 1"
            )
        if seconds(self.min_ready) >= seconds(self.deadline):
            raise ValueError(
                f"min_ready ({self.min_ready}) is not shorter than deadline ({self.deadline})"
            )
        return self


class ModelSpec(Spec):
    """A model as its folder and the stack file say."""

    kind: Annotated[Literal["realtime"], BeforeValidator(_built)] = "realtime"
    """How it is asked: `realtime` answers each HTTP request at once."""

    compute: Compute = Compute()

    endpoint: Endpoint | None = None
    """Path below the team's address; `/<name>` where silent. Everything under it is the model's."""

    env: Annotated[dict[EnvName, EnvValue], _SORTED] = Field(default={})
    """Environment variables of the service."""

    secrets: Annotated[dict[EnvName, SecretReference], _SORTED] = Field(default={})
    """Files under /run/secrets/ekiben, by reference: `TOKEN: vision/token` is the key `token` of
    the Secret `vision` in the team's namespace."""

    scaling: Scaling = Scaling()

    update: Update = Update()

    node_groups: Annotated[list[GroupName], Field(max_length=20), _SORTED_NAMES] = Field(default=[])
    """Node groups that it may run on, where the cluster has any; where silent, all that can hold
    it and have no taints of their own."""

    timeout: Duration = "60s"
    """How long one request may take before the gateway answers 504."""

    smoke: Literal["ready", "import", "none"] | None = None
    """What is tried before anything is deployed: `ready` starts the service and sends its sample,
    `import` imports it, `none` trusts it. Where silent: `ready`, or `import` for models on GPUs or
    Neuron devices, which the machine that builds cannot run."""

    @model_validator(mode="after")
    def _distinct_names(self) -> "ModelSpec":
        both = sorted(self.env.keys() & self.secrets.keys())
        if both:
            raise ValueError(f"{both[0]} is given in env and in secrets; keep one of them")
        return self


__all__ = ["Compute", "ModelName", "ModelSpec", "Scaling", "Update"]
