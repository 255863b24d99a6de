"""Every property that a plan gives is one of pulumi-aws, by name and by kind of value."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.aws import DOCUMENTS
from ekiben.plan.eks.resource import references
from tests.eks.stacks import PLATFORMS, platform_of
from tests.toolchain.shapes import shape_of_class

KINDS = {str: "string", bool: "boolean", int: "integer"}


def paths(value: Any, path: str) -> Iterator[set[str]]:
    """The ways in which a shape may tell of each leaf: keys are fields, or names in a map."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            for rest in paths(child, ""):
                yield {f"{path}{way}{end}" for end in rest for way in (f".{key}", "{}")}
    elif isinstance(value, list):
        for child in value:
            yield from paths(child, f"{path}[]")
    else:
        yield {f"{path}: {KINDS[type(value)]}"}


def leaves(properties: Mapping[str, Any]) -> Iterator[set[str]]:
    for key, value in properties.items():
        yield from ([{f"{key}: string"}] if key in DOCUMENTS else paths(value, key))


@pytest.mark.parametrize("stack", PLATFORMS)
def test_properties_are_those_of_the_installed_classes(stack: str) -> None:
    unknown = {
        f"{name} ({each.type}): {min(ways)}"
        for name, each in platform_of(stack).resources.items()
        for ways in leaves(each.properties)
        if not ways & shape_of_class(each.type).inputs
    }
    assert unknown == set()


@pytest.mark.parametrize("stack", PLATFORMS)
def test_nothing_that_must_be_given_is_missing(stack: str) -> None:
    missing = {
        name: lacking
        for name, each in platform_of(stack).resources.items()
        if (lacking := shape_of_class(each.type).required - set(each.properties))
    }
    assert missing == {}


@pytest.mark.parametrize("stack", PLATFORMS)
def test_what_is_referred_to_is_an_output(stack: str) -> None:
    resources = platform_of(stack).resources
    wanted = {
        found
        for value in [
            *(each.properties for each in resources.values()),
            platform_of(stack).node_pools,
        ]
        for found in references(value)
        if found[0] in resources and found[1] != "id"
    }
    unknown = {
        (name, output)
        for name, output in wanted
        # A number picks one of a list.
        for shape in [output.replace(".0.", "[].")]
        if not any(
            told.startswith((f"{shape}:", f"{shape}."))
            for told in shape_of_class(resources[name].type).outputs
        )
    }
    assert wanted
    assert unknown == set()
