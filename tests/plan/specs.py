"""Checked stacks made of plain data, and random ones; no file is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ekiben.plan import ModelPlan, build
from ekiben.spec import GatewaySpec, LocalCluster, Model, ModelSource, ModelSpec, StackSpec
from ekiben.spec.placement import Placement

ROOT = Path("/project")
IMAGE_ID = "0123456789abcdef"
Plain = dict[str, Any]


def stack(
    models: Mapping[str, Plain],
    *,
    team: str = "vision",
    name: str = "dev",
    platform: str | None = None,
    gateway: Plain | None = None,
    image_id: str = IMAGE_ID,
) -> StackSpec:
    return StackSpec(
        name=name,
        root=ROOT,
        team=team,
        cluster=LocalCluster(kind="local"),
        platform=platform,
        gateway=GatewaySpec.model_validate(gateway or {}),
        models={key: _model(key, given, image_id) for key, given in models.items()},
    )


def _model(name: str, given: Plain, image_id: str) -> Model:
    folder = ROOT / "models" / name
    source = ModelSource(
        folder=folder, files=("service.py",), image_id=image_id, platform="linux/arm64"
    )
    return Model(
        name=name,
        spec=ModelSpec.model_validate(given),
        source=source,
        placement=Placement(architecture="arm64"),
    )


def planned(given: Plain, *, name: str = "iris", image_id: str = IMAGE_ID) -> ModelPlan:
    """The plan of one model."""
    return build(stack({name: given}, image_id=image_id)).models[name]


def manifests(plan: ModelPlan) -> dict[str, Plain]:
    """The Kubernetes objects of a model by the name of their field."""
    values = {key: getattr(plan, key) for key in ModelPlan.__dataclass_fields__}
    return {key: value for key, value in values.items() if _is_manifest(value)}


def _is_manifest(value: object) -> bool:
    return isinstance(value, dict) and "apiVersion" in value


def _section(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Plain]:
    return st.fixed_dictionaries({}, optional=values)


_COUNT = st.integers(1, 1000)
_PERCENT = st.integers(0, 100).map(lambda share: f"{share}%")
_SURGE = st.integers(0, 1000) | _PERCENT
_SECONDS = st.integers(1, 86_400).map(lambda seconds: f"{seconds}s")
_NAME = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)
_MOVING = st.tuples(_SURGE, _SURGE).filter(lambda pair: not {*pair} <= {0, "0%"})


@st.composite
def _scaling(draw: st.DrawFn) -> Plain:
    low, high = sorted((draw(_COUNT), draw(_COUNT)))
    return {"min_replicas": low, "max_replicas": high}


@st.composite
def _update(draw: st.DrawFn) -> Plain:
    surge, unavailable = draw(_MOVING)
    ready, deadline = sorted(draw(st.sets(st.integers(0, 86_400), min_size=2, max_size=2)))
    grace = draw(_SECONDS)
    return {
        "max_surge": surge,
        "max_unavailable": unavailable,
        "min_ready": f"{ready}s",
        "deadline": f"{deadline}s",
        "termination_grace_period": grace,
    }


@st.composite
def model_specs(draw: st.DrawFn) -> Plain:
    """What people may write of a model, all of it valid."""
    given = draw(
        _section(
            compute=_section(
                cpu=st.integers(1, 64_000).map(lambda milli: f"{milli}m"),
                memory=st.integers(1, 4096).map(lambda size: f"{size}Mi"),
                gpu=st.integers(0, 16),
            ),
            endpoint=st.from_regex(r"(/[a-z0-9]{1,8}){1,3}", fullmatch=True),
            scaling=_scaling(),
            update=_update(),
            timeout=_SECONDS,
            smoke=st.sampled_from(["ready", "import", "none"]),
        )
    )
    names = sorted(draw(st.sets(_NAME.filter(lambda n: not n.startswith("EKIBEN")), max_size=4)))
    given["env"] = {name: draw(st.text("ab \u00e9\n$()", max_size=4)) for name in names[::2]}
    given["secrets"] = {name: f"vault/{name.lower()}" for name in names[1::2]}
    return given
