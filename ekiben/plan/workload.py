"""What serves one track of a model: its Deployment, Service, budget and bounds."""

from typing import Any

from ekiben.spec import Model, StackSpec, digest
from ekiben.spec.values import whole_seconds

from . import labels
from .placement import placing, shares
from .pod import pod

API_SETTLE_SECONDS = 5
"""How long a ready replica counts as new, so that proxies know it before an old one goes."""


def version(model: Model) -> str:
    """8 hex characters: what is in the image and everything that shapes the pod around it."""
    groups = {"node_groups": model.spec.node_groups} if model.spec.node_groups else {}
    shape = {"image": model.source.image_id, "pod": pod(model.name, model.spec, None), **groups}
    return digest(shape, 8)


def deployment_name(model: str, track: str) -> str:
    return f"{model}-{track}"


def deployment(stack: StackSpec, model: Model, current: str, image: Any) -> dict[str, Any]:
    """The stable track at the version `current`. The number of replicas is the scaler's, so it is
    never declared."""
    own = labels.of_model(stack.name, stack.team, model.name)
    selector = labels.selector(model.name, labels.STABLE)
    update = model.spec.update
    template = pod(model.name, model.spec, image, shares(stack.cluster, model))
    template["containers"][0]["env"].append({"name": "EKIBEN_VERSION", "value": current})
    template |= placing(stack.cluster, model, selector)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": labels.metadata(deployment_name(model.name, labels.STABLE), own, stack.team),
        "spec": {
            "selector": {"matchLabels": selector},
            "minReadySeconds": API_SETTLE_SECONDS,
            "progressDeadlineSeconds": whole_seconds(update.deadline) + API_SETTLE_SECONDS + 1,
            "revisionHistoryLimit": 5,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {
                    "maxSurge": update.max_surge,
                    "maxUnavailable": update.max_unavailable,
                },
            },
            "template": {
                "metadata": {"labels": {**own, **selector, labels.VERSION: current}},
                "spec": template,
            },
        },
    }


def service(stack: str, team: str, model: Model) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": labels.metadata(model.name, labels.of_model(stack, team, model.name), team),
        "spec": {
            "type": "ClusterIP",
            "selector": labels.selector(model.name, labels.STABLE),
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        },
    }


def disruption_budget(stack: str, team: str, model: Model) -> dict[str, Any]:
    """One replica at a time may be drained; with a minimum instead, a single one never could."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": labels.metadata(model.name, labels.of_model(stack, team, model.name), team),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": labels.selector(model.name, labels.STABLE)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def scaler(stack: str, team: str, model: Model) -> dict[str, Any]:
    """The bounds of the number of replicas."""
    name = deployment_name(model.name, labels.STABLE)
    scaling = model.spec.scaling
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": labels.metadata(name, labels.of_model(stack, team, model.name), team),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": scaling.min_replicas,
            "maxReplicas": scaling.max_replicas,
        },
    }


def with_image(manifest: dict[str, Any], image: Any) -> dict[str, Any]:
    """A Deployment with another image in its container; `image` is placed, never read."""
    spec = manifest["spec"]
    template = spec["template"]
    pod_spec = template["spec"]
    container = {**pod_spec["containers"][0], "image": image}
    return {
        **manifest,
        "spec": {
            **spec,
            "template": {**template, "spec": {**pod_spec, "containers": [container]}},
        },
    }
