"""Which models go to which nodes of a cluster on AWS, and which go nowhere."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.catalog.instances import instance_types
from ekiben.plan import build
from ekiben.plan.eks.groups import SYSTEM_TAINT, group
from ekiben.plan.labels import CAPACITY, NODE_GROUP
from ekiben.spec import EksCluster, StackSpec
from ekiben.spec.model import ModelSpec
from ekiben.spec.placement import Nowhere, place
from tests.projects import Project

Plain = dict[str, Any]

GROUPS: Plain = {
    "cpu": {"instance_types": ["m7i.large", "m7i.xlarge"], "min": 1, "max": 5},
    "arm": {"instance_types": ["m7g.4xlarge"], "max": 5},
    "gpu": {"instance_types": ["g6.xlarge"], "max": 4, "spot": {"percentage": 50}},
    "quarters": {
        "instance_types": ["g6.xlarge"],
        "min": 2,
        "max": 2,
        "gpu_sharing": {"shares": 4},
    },
    "inf": {"instance_types": ["inf2.xlarge"], "max": 2},
    "kept": {
        "instance_types": ["m7i.large"],
        "max": 2,
        "taints": [{"key": "example.com/dedicated", "value": "vision"}],
    },
}


def cluster(groups: Plain = GROUPS) -> Plain:
    return {
        "kind": "eks",
        "network": {"cidr": "10.0.0.0/16", "zones": ["us-east-1a", "us-east-1b"]},
        "node_groups": groups,
    }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def loaded(project: Project, model: Plain, groups: Plain = GROUPS) -> StackSpec:
    written(project, model, groups)
    return project.load()


def written(project: Project, model: Plain, groups: Plain) -> None:
    project.model("iris", model)
    project.stack(
        {
            "config": {
                "aws:region": "us-east-1",
                "ekiben:team": "vision",
                "ekiben:cluster": cluster(groups),
                "ekiben:models": {"iris": {}},
            }
        }
    )


def pod(spec: StackSpec) -> Plain:
    found: Plain = build(spec).models["iris"].deployment["spec"]["template"]["spec"]
    return found


WHERE = [
    ({}, ("cpu",), "amd64"),
    ({"compute": {"memory": "40Gi"}}, ("arm",), "arm64"),
    ({"node_groups": ["arm"]}, ("arm",), "arm64"),
    ({"node_groups": ["kept"]}, ("kept",), "amd64"),
    ({"node_groups": ["kept", "cpu"]}, ("cpu", "kept"), "amd64"),
    ({"compute": {"gpu": 1}}, ("gpu",), "amd64"),
    ({"compute": {"gpu": 0.25}}, ("quarters",), "amd64"),
    ({"compute": {"neuron": 1}}, ("inf",), "amd64"),
]


@pytest.mark.parametrize(("model", "groups", "architecture"), WHERE)
def test_a_model_goes_where_it_fits_and_what_it_uses_is(
    project: Project, model: Plain, groups: tuple[str, ...], architecture: str
) -> None:
    spec = loaded(project, model)
    found = spec.models["iris"]
    assert found.placement.groups == groups
    assert found.placement.architecture == architecture
    assert found.source.platform == f"linux/{architecture}"
    assert pod(spec)["nodeSelector"] == {"kubernetes.io/arch": architecture}


NOWHERE = [
    (
        {"compute": {"gpu": 9}},
        "compute",
        "no node can fit a replica: g6.xlarge of node group 'gpu' comes closest"
        " (gpu: 9 wanted, 1 free)",
    ),
    (
        {"compute": {"memory": "500Gi"}},
        "compute",
        "no node can fit a replica: m7g.4xlarge of node group 'arm' comes closest"
        " (memory: 500Gi wanted, ",
    ),
    (
        {"compute": {"gpu": 1}, "node_groups": ["cpu"]},
        "node_groups",
        "no node can fit a replica: none of the node groups cpu has NVIDIA GPUs of its own",
    ),
    (
        {"compute": {"gpu": 0.5}, "node_groups": ["gpu"]},
        "node_groups",
        "no node can fit a replica: none of the node groups gpu has gpu_sharing, which a part",
    ),
    (
        {"node_groups": ["gpu"]},
        "node_groups",
        "no node can fit a replica: none of the node groups gpu is without accelerators, whose",
    ),
    ({"node_groups": ["cpus"]}, "node_groups", "given 'cpus', which the cluster lacks; did you"),
]


@pytest.mark.parametrize(("model", "key", "told"), NOWHERE)
def test_a_model_that_no_node_can_hold_is_refused_with_the_numbers(
    project: Project, model: Plain, key: str, told: str
) -> None:
    written(project, model, GROUPS)
    place, _, rest = project.complaint().partition(" ")
    assert place.startswith("models/iris/model.yaml:")
    assert rest.startswith(f"ekiben:models.iris.{key}: {told}")


def test_a_cluster_without_node_groups_holds_no_model(project: Project) -> None:
    written(project, {}, {})
    assert "the cluster has no node_groups for models" in project.complaint()


def test_a_part_of_a_gpu_is_refused_where_nothing_shares_one(project: Project) -> None:
    project.model("iris", {"compute": {"gpu": 0.5}})
    project.stack({"config": {"ekiben:team": "vision", "ekiben:models": {"iris": {}}}})
    assert "a part of a GPU (gpu: 0.5) needs a node group with gpu_sharing" in project.complaint()


def test_node_groups_are_passed_over_where_a_cluster_has_none(project: Project) -> None:
    project.model("iris", {"node_groups": ["gpu"]})
    project.stack({"config": {"ekiben:team": "vision", "ekiben:models": {"iris": {}}}})
    assert project.load().models["iris"].placement.groups == ()


def test_a_part_of_a_gpu_is_counted_in_shares(project: Project) -> None:
    found = pod(loaded(project, {"compute": {"gpu": 0.5}}))
    asked = found["containers"][0]["resources"]["limits"]
    assert asked["nvidia.com/gpu.shared"] == "2"
    assert "nvidia.com/gpu" not in asked
    (term,) = found["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term["matchExpressions"] == [
        {"key": NODE_GROUP, "operator": "In", "values": ["quarters"]}
    ]


def test_replicas_spread_over_spot_and_on_demand_where_a_group_mixes_them(
    project: Project,
) -> None:
    keys = [
        [each["topologyKey"] for each in pod(loaded(project, model))["topologySpreadConstraints"]]
        for model in ({"compute": {"gpu": 1}}, {})
    ]
    assert keys == [["kubernetes.io/hostname", CAPACITY], ["kubernetes.io/hostname"]]


def test_a_group_that_comes_makes_no_new_version(project: Project) -> None:
    fewer = {name: GROUPS[name] for name in ("cpu", "gpu")}
    versions = {
        build(loaded(project, {}, groups)).models["iris"].version for groups in (fewer, GROUPS)
    }
    assert len(versions) == 1


def test_other_groups_named_make_a_new_version(project: Project) -> None:
    one, other = (
        build(loaded(project, model)).models["iris"].version
        for model in ({"node_groups": ["cpu"]}, {"node_groups": ["kept"]})
    )
    assert one != other


def _tolerates(toleration: Plain, taint: Plain) -> bool:
    return (
        toleration["key"] == taint["key"]
        and toleration.get("effect") in (None, taint["effect"])
        and (toleration["operator"] == "Exists" or toleration["value"] == taint["value"])
    )


MODELS = st.fixed_dictionaries(
    {},
    optional={
        "compute": st.fixed_dictionaries(
            {},
            optional={
                "cpu": st.sampled_from(["100m", "1500m", "3", "12"]),
                "memory": st.sampled_from(["256Mi", "5Gi", "12Gi", "50Gi"]),
                "gpu": st.sampled_from([0, 0.25, 0.5, 1, 2]),
            },
        ),
        "node_groups": st.lists(st.sampled_from(sorted(GROUPS)), max_size=3),
    },
)


@given(MODELS)
@settings(max_examples=200, deadline=None)
def test_a_taint_is_tolerated_by_exactly_the_pods_meant_for_its_nodes(model: Plain) -> None:
    from ekiben.plan.placement import placing
    from ekiben.spec import Model, ModelSource

    known = EksCluster.model_validate(cluster())
    spec = ModelSpec.model_validate(model)
    try:
        placement = place(known, spec)
    except Nowhere:
        return
    source = ModelSource(folder=Path("/p"), files=(), image_id="0" * 16, platform="linux/amd64")
    found = Model(name="iris", spec=spec, source=source, placement=placement)
    fields = placing(known, found, {})
    tolerations = fields.get("tolerations", [])
    assert not any(_tolerates(each, SYSTEM_TAINT) for each in tolerations)
    for name, written in known.node_groups.items():
        taints = group(name, written, instance_types()).taints
        held_off = [t for t in taints if not any(_tolerates(each, dict(t)) for each in tolerations)]
        if name in placement.groups:
            assert not held_off, name
        elif taints and not fields.get("affinity"):
            uses = instance_types()[written.instance_types[0]].accelerator
            # Its device alone would not hold it off: that it does not fit does.
            assert held_off or uses, name
