"""The JSON Schemas for editors are current, named by the shipped files, and as strict on keys."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ekiben.spec import editor
from tests.projects import Project, iris

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(
    [
        *(ROOT / "stacks").glob("Pulumi.*.yaml"),
        *(ROOT / "models").glob("*/model.yaml"),
    ]
)
_NAMED = re.compile(r"# yaml-language-server: \$schema=(\S+)")


def schema(file: str) -> dict[str, Any]:
    return dict(json.loads((editor.FOLDER / file).read_text()))


def complaints(file: str, value: Any) -> list[str]:
    found = jsonschema.Draft7Validator(schema(file)).iter_errors(value)
    return [error.message for error in found]


@pytest.mark.parametrize("name", ["model.schema.json", "stack.schema.json"])
def test_the_written_schemas_are_current_and_valid(name: str) -> None:
    written = (editor.FOLDER / name).read_text()
    assert written == editor.text(editor.schemas()[name]), "run python -m ekiben.spec.editor"
    jsonschema.Draft7Validator.check_schema(json.loads(written))


def test_nothing_but_the_schemas_is_in_their_folder() -> None:
    assert {path.name for path in editor.FOLDER.iterdir()} == set(editor.schemas())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_shipped_file_names_its_schema_first_and_fits_it(file: Path) -> None:
    first = file.read_text().splitlines()[0]
    named = _NAMED.fullmatch(first)
    assert named, f"{first!r} names no schema"
    path = (file.parent / named[1]).resolve()
    kind = "stack" if file.parent.name == "stacks" else "model"
    assert path == editor.FOLDER / f"{kind}.schema.json"
    assert complaints(path.name, yaml.safe_load(file.read_text()) or {}) == []


UNKNOWN = [
    "timout: 5s\n",
    "compute: {gpus: 1}\n",
    "scaling: {max_replicsa: 2}\n",
    "update: {surge: 2}\n",
    "replicas: 2\n",
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_key_that_the_loader_refuses_is_refused_in_the_editor_too(
    project: Project, text: str
) -> None:
    value = yaml.safe_load(text)
    assert len(complaints("model.schema.json", value)) == 1
    project.model(content=text)
    project.stack(iris("{}"))
    assert "unknown key" in project.complaint()
    stack = {"config": {"ekiben:team": "vision", "ekiben:models": {"iris": value}}}
    assert len(complaints("stack.schema.json", stack)) == 1
    project.model()
    project.stack(stack)
    assert "unknown key" in project.complaint()


UNKNOWN_IN_STACKS: list[dict[str, Any]] = [
    {"ekiben:modles": {}},
    {"ekiben:gateway": {"replica": 1}},
    {"ekiben:cluster": {"kind": "local", "nmae": "x"}},
    {"ekiben:cluster": {"kind": "existing", "registry": {"address": "r", "ca": "x"}}},
    {"ekiben:cluster": {"kind": "stack", "stack": "prod", "context": "x"}},
    {"ekiben:models": {"Iris": {}}},
]


@pytest.mark.parametrize("config", UNKNOWN_IN_STACKS)
def test_what_is_wrong_in_a_stack_is_refused_by_both(
    project: Project, config: dict[str, Any]
) -> None:
    stack = {"config": {"ekiben:team": "vision", **config}}
    assert complaints("stack.schema.json", stack) != []
    project.stack(stack)
    assert project.complaint() != ""


RIGHT: list[dict[str, Any]] = [
    {"ekiben:cluster": {"kind": "existing", "context": "kind", "registry": {"address": "r:5000"}}},
    {"ekiben:cluster": {"kind": "local", "name": "two"}, "ekiben:gateway": {"max_body": "1Gi"}},
    {"ekiben:models": {"iris": None}, "aws:region": "us-east-1"},
    {"ekiben:models": {"iris": {"compute": {"cpu": 0.5, "memory": "1.5Gi", "gpu": 1}}}},
    {"ekiben:models": {"iris": {"update": {"max_surge": "25%", "min_ready": "0s"}}}},
    {"ekiben:models": {"iris": {"env": {"A": 1, "B": True, "C": 0.5}, "secrets": {"T": "a/b"}}}},
    {"ekiben:models": {"iris": {"endpoint": "/v2/iris", "timeout": "1m30s", "smoke": "none"}}},
]


@pytest.mark.parametrize("config", RIGHT)
def test_what_the_loader_takes_the_editor_takes_too(
    project: Project, config: dict[str, Any]
) -> None:
    stack = {"config": {"ekiben:team": "vision", **config}}
    project.stack(stack)
    project.load()
    assert complaints("stack.schema.json", stack) == []
