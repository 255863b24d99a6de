"""JSON Schemas of both files, for completion and checks in editors.

`python -m ekiben.spec.editor` writes them beside this module; a test fails when they are stale.
"""

import json
from pathlib import Path
from typing import Any

from .model import ModelSpec
from .stack import StackFile
from .values import NAME_PATTERN

FOLDER = Path(__file__).parent / "schema"
_DRAFT = "http://json-schema.org/draft-07/schema#"


def schemas() -> dict[str, dict[str, Any]]:
    """File name and schema; a stack file's sections are those of `StackFile` under `ekiben:`."""
    model = ModelSpec.model_json_schema(ref_template="#/definitions/{model}")
    stack = StackFile.model_json_schema(ref_template="#/definitions/{model}")
    override = {**model, "required": []}
    definitions = {
        **_definitions(stack),
        **_definitions(override),
        "ModelOverride": {key: value for key, value in override.items() if key != "$defs"},
    }
    sections = dict(stack["properties"])
    override_or_nothing = {"anyOf": [{"$ref": "#/definitions/ModelOverride"}, {"type": "null"}]}
    sections["models"] = {
        **sections["models"],
        "patternProperties": {NAME_PATTERN: override_or_nothing},
        "additionalProperties": False,
    }
    config = {f"ekiben:{key}": value for key, value in sections.items()}
    return {
        "model.schema.json": {
            "$schema": _DRAFT,
            **{key: value for key, value in model.items() if key != "$defs"},
            "title": "Ekiben model",
            "definitions": _definitions(model),
        },
        "stack.schema.json": {
            "$schema": _DRAFT,
            "title": "Ekiben stack file",
            "type": "object",
            "properties": {
                "config": {
                    "type": "object",
                    "properties": config,
                    "patternProperties": {"^(?!ekiben:)": {}},
                    "additionalProperties": False,
                    "required": ["ekiben:team"],
                },
                "secretsprovider": {"type": "string"},
                "encryptedkey": {"type": "string"},
                "encryptionsalt": {"type": "string"},
                "environment": {},
            },
            "additionalProperties": False,
            "definitions": definitions,
        },
    }


def _definitions(schema: dict[str, Any]) -> dict[str, Any]:
    return dict(schema.get("$defs", {}))


def text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / name).write_text(text(schema))


if __name__ == "__main__":
    write()
