"""Where a model's pods may run: on which nodes, past which taints, spread over what.

What the stack's node groups decide is here and no part of a version: a group that comes or goes
makes no new version of anything.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ekiben.spec import EksCluster, Model
from ekiben.spec.cluster import Cluster
from ekiben.spec.nodes import NodeGroup
from ekiben.spec.placement import accelerator

from . import labels

DEVICES = {"nvidia": "nvidia.com/gpu", "neuron": "aws.amazon.com/neuron"}
"""What pods ask for, by kind of accelerator; also the key of the taint that keeps others away."""

SHARED_GPU = "nvidia.com/gpu.shared"
"""A part of a GPU, as NVIDIA's device plugin calls it where it renames what it shares."""


def placing(cluster: Cluster, model: Model, selector: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the pod that say where it may run; `selector` finds its siblings."""
    groups = _groups(cluster, model)
    return {
        "nodeSelector": {"kubernetes.io/arch": model.placement.architecture},
        **_affinity(model),
        **_tolerations(model, groups),
        "topologySpreadConstraints": list(_spread(groups, selector)),
    }


def shares(cluster: Cluster, model: Model) -> int | None:
    """Into how many parts each GPU is cut that the model gets a part of."""
    found = {
        group.gpu_sharing.shares for group in _groups(cluster, model).values() if group.gpu_sharing
    }
    return min(found, default=None)


def _groups(cluster: Cluster, model: Model) -> dict[str, NodeGroup]:
    if not isinstance(cluster, EksCluster):
        return {}
    return {name: cluster.node_groups[name] for name in model.placement.groups}


def _affinity(model: Model) -> dict[str, Any]:
    """Holds it to groups that it names, or whose GPUs are cut as its part was reckoned; else
    what it asks for and what it tolerates says enough."""
    part = isinstance(model.spec.compute.gpu, float)
    if not model.placement.groups or not (model.spec.node_groups or part):
        return {}
    only = {
        "key": labels.NODE_GROUP,
        "operator": "In",
        "values": list(model.placement.groups),
    }
    terms = [{"matchExpressions": [only]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"affinity": {"nodeAffinity": required}}


def _tolerations(model: Model, groups: Mapping[str, NodeGroup]) -> dict[str, Any]:
    """Of nodes with the accelerator that it uses, and of the groups that it names."""
    kind = accelerator(model.spec.compute)
    found: list[dict[str, Any]] = []
    if kind:
        found.append({"key": DEVICES[kind], "operator": "Exists", "effect": "NoSchedule"})
    for name in model.spec.node_groups:
        for taint in groups[name].taints if name in groups else ():
            tolerated = {"operator": "Equal", **taint.model_dump()}
            if tolerated not in found:
                found.append(tolerated)
    return {"tolerations": found} if found else {}


def _spread(
    groups: Mapping[str, NodeGroup], selector: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    yield _over("kubernetes.io/hostname", selector)
    if any(group.mixes_spot for group in groups.values()):
        yield _over(labels.CAPACITY, selector)


def _over(key: str, selector: Mapping[str, str]) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(selector)},
        "matchLabelKeys": ["pod-template-hash"],
    }
