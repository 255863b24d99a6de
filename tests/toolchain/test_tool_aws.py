"""The AWS provider that is built here has the names of the installed pulumi-aws."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pytest

from local.toolchain import ensure
from local.toolchain.places import GO_MODULES
from local.toolchain.rows.aws import PULUMI_AWS
from tests.toolchain.differences import NEWER, PATCHED, PROVIDER, missing
from tests.toolchain.shapes import (
    Shape,
    shape_of_class,
    shape_of_configuration,
    shape_of_function,
    shape_of_provider,
    shape_of_resource,
)

TABLE: Mapping[str, Mapping[str, str]] = json.loads((GO_MODULES / "aws/tokens.json").read_text())
RESOURCES = sorted(TABLE["resources"].values())
FUNCTIONS = sorted(TABLE["functions"].values())


# Importing some modules of pulumi-aws warns of what they hold.
pytestmark = pytest.mark.filterwarnings("ignore:.* has been deprecated:DeprecationWarning")

SIDES = ("inputs", "outputs", "required")


def told(token: str, installed: Shape, built: Shape) -> set[str]:
    """Each difference in a line, without the known ones, but with those that are no more.

    `- inputs name: string` is lacking, `+ inputs name: string` is too much.
    """
    known = missing(token)
    used: set[str] = set()
    lines: set[str] = set()
    for side in SIDES:
        ours, theirs = getattr(built, side), getattr(installed, side)
        lines |= {f"+ {side} {one}" for one in ours - theirs}
        for one in theirs - ours:
            path = next((p for p in known if re.match(rf"{re.escape(p)}[.:\[{{]", one)), None)
            if path:
                used.add(path)
            else:
                lines.add(f"- {side} {one}")
    return lines | {f"known, but not so: {path}" for path in known if path not in used}


@pytest.fixture(scope="module")
def schema() -> Mapping[str, Any]:
    program = ensure(["pulumi-resource-aws"])["pulumi-resource-aws"]
    found: Mapping[str, Any] = json.loads(program.with_name("schema.json").read_text())
    return found


def test_the_row_names_the_installed_version() -> None:
    assert version("pulumi-aws") == PULUMI_AWS


@pytest.mark.tools
def test_the_provider_has_exactly_the_types_and_functions_of_the_table(
    schema: Mapping[str, Any],
) -> None:
    assert sorted(schema["resources"]) == RESOURCES
    assert sorted(name for name in schema["functions"] if name.startswith("aws:")) == FUNCTIONS


@pytest.mark.tools
@pytest.mark.parametrize("token", RESOURCES)
def test_a_type_has_the_properties_of_its_class(schema: Mapping[str, Any], token: str) -> None:
    assert told(token, shape_of_class(token), shape_of_resource(schema, token)) == set()


@pytest.mark.tools
@pytest.mark.parametrize("token", FUNCTIONS)
def test_a_function_has_the_properties_of_its_namesake(
    schema: Mapping[str, Any], token: str
) -> None:
    assert told(token, shape_of_class(token), shape_of_function(schema, token)) == set()


@pytest.mark.tools
def test_the_provider_is_configured_alike(schema: Mapping[str, Any]) -> None:
    installed = shape_of_provider("aws")
    assert told(PROVIDER, installed, shape_of_configuration(schema)) == set()


def test_no_difference_is_listed_for_what_is_not_in_the_table() -> None:
    assert {*NEWER, *PATCHED} <= {*RESOURCES, *FUNCTIONS, PROVIDER}


def test_a_difference_is_told_unless_it_is_known() -> None:
    token = "aws:secretsmanager/secret:Secret"
    installed = Shape(
        frozenset({"name: string", "type: string", "tags{}: string"}),
        frozenset(),
        frozenset({"name"}),
    )
    alike = Shape(frozenset({"name: string", "tags{}: string"}), frozenset(), frozenset({"name"}))
    other = Shape(frozenset({"names[]: string", "type: string"}), frozenset(), frozenset())
    assert told(token, installed, alike) == set()
    assert told(token, installed, other) == {
        "+ inputs names[]: string",
        "- inputs name: string",
        "- inputs tags{}: string",
        "- required name",
        "known, but not so: type",
    }
