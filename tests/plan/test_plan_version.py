"""A version changes when the image or the pod around it does, and only then."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.plan import ModelPlan
from tests.plan.specs import IMAGE_ID, Plain, planned

OTHER_IMAGE = "fedcba9876543210"

NEW_VERSION: list[Plain] = [
    {"compute": {"cpu": "501m"}},
    {"compute": {"memory": "2Gi"}},
    {"compute": {"gpu": 1}},
    {"env": {"A": "1"}},
    {"secrets": {"A": "vault/a"}},
    {"update": {"min_ready": "41s"}},
    {"update": {"deadline": "601s"}},
    {"update": {"termination_grace_period": "61s"}},
]
SAME_VERSION: list[Plain] = [
    {"scaling": {"max_replicas": 11}},
    {"scaling": {"min_replicas": 2}},
    {"update": {"max_surge": "50%"}},
    {"update": {"max_unavailable": 1}},
    {"timeout": "61s"},
    {"endpoint": "/elsewhere"},
    {"smoke": "none"},
    {"compute": {"cpu": 0.5, "memory": "1024Mi"}, "kind": "realtime"},
]


@pytest.mark.parametrize("change", NEW_VERSION, ids=str)
def test_what_shapes_the_pod_makes_a_version_but_no_image(change: Plain) -> None:
    before, after = planned({}), planned(change)
    assert after.version != before.version
    assert after.image_id == before.image_id


@pytest.mark.parametrize("change", SAME_VERSION, ids=str)
def test_what_does_not_shape_the_pod_makes_no_version(change: Plain) -> None:
    before, after = planned({}), planned(change)
    assert (after.version, after.image_id) == (before.version, before.image_id)
    assert after.deployment["spec"]["template"] == before.deployment["spec"]["template"]


def test_another_image_makes_another_version() -> None:
    assert planned({}).version != planned({}, image_id=OTHER_IMAGE).version


def test_a_version_is_eight_hex_characters() -> None:
    assert len(planned({}).version) == 8
    assert int(planned({}).version, 16) >= 0


def template_without_version(plan: ModelPlan) -> Any:
    """The pod template as it would be if no version were written into it."""
    template = copy.deepcopy(plan.deployment["spec"]["template"])
    assert template["metadata"]["labels"].pop("ekiben.dev/version") == plan.version
    (container,) = template["spec"]["containers"]
    written = {"name": "EKIBEN_VERSION", "value": plan.version}
    container["env"].remove(written)
    return template


def _one_of(**values: tuple[Any, Any]) -> st.SearchStrategy[Plain]:
    return st.fixed_dictionaries({key: st.sampled_from(pair) for key, pair in values.items()})


_SPECS = st.fixed_dictionaries(
    {
        "compute": _one_of(cpu=("500m", 1), memory=("1Gi", "2Gi"), gpu=(0, 1)),
        "env": _one_of(A=("1", "2")),
        "secrets": _one_of(B=("vault/a", "vault/b")),
        "update": _one_of(min_ready=("0s", "9s"), deadline=("60s", "70s"), max_surge=(1, "50%")),
        "scaling": _one_of(min_replicas=(1, 2), max_replicas=(2, 3)),
        "timeout": st.sampled_from(["1s", "2s"]),
        "endpoint": st.sampled_from(["/a", "/b"]),
        "smoke": st.sampled_from(["ready", "none"]),
    }
)
_SECTIONS = ["compute", "env", "secrets", "update", "scaling", "timeout", "endpoint", "smoke"]


@settings(max_examples=80, deadline=None)
@given(_SPECS, _SPECS, st.sets(st.sampled_from(_SECTIONS), max_size=3), st.booleans())
def test_a_version_changes_exactly_when_the_template_or_the_image_does(
    spec: Plain, other: Plain, sections: set[str], rebuilt: bool
) -> None:
    changed = {**spec, **{section: other[section] for section in sections}}
    one, two = planned(spec), planned(changed, image_id=OTHER_IMAGE if rebuilt else IMAGE_ID)
    same = template_without_version(one) == template_without_version(two)
    assert (one.version == two.version) == (same and not rebuilt)
