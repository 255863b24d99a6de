"""One model: its image, the objects that serve it, and the update that brings it there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from ekiben.plan import ModelPlan
from ekiben.plan.workload import with_image

from .artifacts import Image, Rollout
from .cluster import Cluster
from .kube import place
from .token import token


@dataclass(frozen=True, kw_only=True)
class ModelArgs:
    plan: ModelPlan
    team: str
    cluster: Cluster
    after: Sequence[pulumi.Resource]
    """What must be there before the model's objects are; its image is built meanwhile."""


class Model(pulumi.ComponentResource):
    """A model as a web service. Eight resources: this, image, five objects and the rollout."""

    image: pulumi.Output[str]

    def __init__(
        self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token("Model"), name, None, opts)
        plan, ownership = args.plan, args.cluster.ownership
        child = pulumi.ResourceOptions(parent=self)
        inside = pulumi.ResourceOptions(parent=self, depends_on=args.after)
        image = Image(f"{name}-image", _image_inputs(args), child)
        deployment = place(
            f"{name}-deployment", with_image(plan.deployment, image.ref), ownership, inside
        )
        place(f"{name}-service", plan.service, ownership, inside)
        place(f"{name}-disruption-budget", plan.disruption_budget, ownership, inside)
        place(f"{name}-scaler", plan.scaler, ownership, inside)
        place(f"{name}-route", plan.route, ownership, inside)
        Rollout(
            f"{name}-rollout",
            _rollout_inputs(args, image.ref),
            pulumi.ResourceOptions(parent=self, depends_on=[deployment]),
        )
        self.image = image.ref
        self.register_outputs({"version": plan.version, "image": image.ref})


def _image_inputs(args: ModelArgs) -> dict[str, Any]:
    plan, registry = args.plan, args.cluster.registry
    return {
        "model": plan.name,
        "folder": plan.folder,
        "imageId": plan.image_id,
        "repository": f"{registry.address}/{args.team}/{plan.name}",
        "platform": plan.platform,
        "smoke": plan.smoke,
        "registry": {
            "address": registry.endpoint,
            "caFile": registry.ca_file,
            "authFile": registry.auth_file,
        },
    }


def _rollout_inputs(args: ModelArgs, image: pulumi.Output[str]) -> dict[str, Any]:
    plan, cluster = args.plan, args.cluster
    return {
        "kubeconfig": cluster.kubeconfig,
        "context": cluster.context,
        "namespace": args.team,
        "model": plan.name,
        "deployment": plan.deployment["metadata"]["name"],
        "version": plan.version,
        "imageId": plan.image_id,
        "image": image,
        "deadlineSeconds": plan.deadline_seconds,
        "spec": json.dumps(plan.spec, sort_keys=True),
    }
