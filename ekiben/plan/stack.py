"""A stack decided: every name, number and object, in the order in which they are placed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from ekiben.spec import Model, StackSpec, route
from ekiben.spec.placement import accelerator
from ekiben.spec.values import whole_seconds

from . import labels
from .eks.platform import PlatformPlan, platform_plan
from .gateway import GatewayPlan, gateway_plan
from .namespace import namespace, service_account
from .routing import http_route
from .workload import (
    deployment,
    disruption_budget,
    scaler,
    service,
    version,
)

Manifest = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ModelPlan:
    """One model: what is built, and the objects that serve it."""

    name: str
    version: str
    image_id: str
    folder: str
    platform: str
    smoke: str
    path: str
    deadline_seconds: int
    spec: Manifest
    deployment: Manifest
    service: Manifest
    disruption_budget: Manifest
    scaler: Manifest
    route: Manifest


@dataclass(frozen=True, kw_only=True)
class StackPlan:
    """What `pulumi up` places; `objects` are roles and manifests the team needs once."""

    stack: str
    team: str
    platform: PlatformPlan | None
    """The cluster on AWS that the stack keeps."""

    gateway: GatewayPlan | None
    namespace: Manifest
    service_account: Manifest
    models: Mapping[str, ModelPlan]

    def plain(self) -> dict[str, Any]:
        """The plan as JSON-like data, for people and for tests; nothing in it is shared."""
        return dict(_plain(self))


def _plain(value: Any) -> Any:
    """As `dataclasses.asdict`, at half its cost: what is in a plan need not be copied deeply."""
    if isinstance(value, Mapping):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    if is_dataclass(value):
        given = {field: getattr(value, field.name) for field in fields(value)}
        # What is as it usually is would only hide what is not.
        return {field.name: _plain(v) for field, v in given.items() if v != field.default}
    return value


def build(
    spec: StackSpec, mirror: Mapping[str, str] | None = None, gateway_address: str | None = None
) -> StackPlan:
    """Decides everything about a stack.

    `mirror` and `gateway_address` are the cluster's own, where it is known; a plan made without
    them names the official images.
    """
    keeps_gateway = spec.platform is None
    return StackPlan(
        stack=spec.name,
        team=spec.team,
        platform=platform_plan(spec) if keeps_gateway else None,
        gateway=gateway_plan(spec.name, spec.gateway, mirror or {}, gateway_address)
        if keeps_gateway
        else None,
        namespace=namespace(spec.team, labels.of_team(spec.name, spec.team)),
        service_account=service_account(spec.name, spec.team),
        models={name: _model(spec, model) for name, model in sorted(spec.models.items())},
    )


def _model(spec: StackSpec, model: Model) -> ModelPlan:
    stack, team = spec.name, spec.team
    current = version(model)
    image = f"{team}/{model.name}:{model.source.image_id}"
    own = model.spec.model_dump(mode="json")
    return ModelPlan(
        name=model.name,
        version=current,
        image_id=model.source.image_id,
        folder=model.source.folder.relative_to(spec.root).as_posix(),
        platform=model.source.platform,
        smoke=model.spec.smoke or ("import" if accelerator(model.spec.compute) else "ready"),
        path=route(team, model.name, model.spec.endpoint),
        deadline_seconds=whole_seconds(model.spec.update.deadline),
        spec=own,
        deployment=deployment(spec, model, current, image),
        service=service(stack, team, model),
        disruption_budget=disruption_budget(stack, team, model),
        scaler=scaler(stack, team, model),
        route=http_route(stack, team, model),
    )
