"""What Pulumi types hold, told alike of an installed package's classes and of a provider's schema.

A shape is the set of a type's properties, one text each: its path in Pulumi's spelling and what it
is, such as `name: string`, `scalingConfig.maxSize: integer` (an object's), `subnetIds[]: string`
(a list's) and `tags{}: string` (a map's).
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import pulumi

LEAVES = {str: "string", bool: "boolean", int: "integer", float: "number", Any: "any"}


@dataclass(frozen=True)
class Shape:
    """Of a resource or a function."""

    inputs: frozenset[str]
    outputs: frozenset[str]
    required: frozenset[str]  # of a resource's inputs; the classes do not tell it of functions


# Of an installed package.


def shape_of_class(token: str) -> Shape:
    """Of the resource class or the function that the token names in the installed package."""
    package, module, member = re.split(r":|/\w+:", token)
    below = "" if module == "index" else f".{module}"
    home = importlib.import_module(f"pulumi_{package}{below}")
    if member[0].islower():
        return _of_function(getattr(home, re.sub(r"(?<!^)(?=[A-Z])", "_", member).lower()))
    # The shorter name may be that of another type's property.
    arguments = getattr(home, f"{member}InitArgs", None) or getattr(home, f"{member}Args")
    given = _properties(arguments)
    held = _properties(getattr(home, member))
    return Shape(_told(given), _told(held), _required(given))


def shape_of_provider(package: str) -> Shape:
    given = _properties(importlib.import_module(f"pulumi_{package}").ProviderArgs)
    return Shape(_told(given), frozenset(), _required(given))


def _of_function(function: Any) -> Shape:
    hints = _hints(function)
    named = re.findall(r"__args__\['(\w+)'\] = (\w+)", inspect.getsource(function))
    given = {pulumi_name: hints[python_name] for pulumi_name, python_name in named}
    return Shape(_told(given), _told(_properties(hints["return"])), frozenset())


def _properties(of: Any) -> dict[str, Any]:
    """Pulumi name -> type, of the class's own getters and those of the classes it stands on."""
    members = [value for cls in of.__mro__ for value in vars(cls).values()]
    getters: list[Any] = [member.fget for member in members if isinstance(member, property)]
    return {
        getter._pulumi_name: _hints(getter)["return"]
        for getter in getters
        if hasattr(getter, "_pulumi_name")
    }


def _hints(function: Any) -> dict[str, Any]:
    # `pulumi.Input` names its `Output[T]` without saying where it is from.
    return get_type_hints(function, localns={"Output": pulumi.Output, "T": Any})


def _required(properties: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name, hint in properties.items() if type(None) not in _choices(hint))


def _told(properties: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        f"{name}{rest}" for name, hint in properties.items() for rest in _of_hint(hint)
    )


def _of_hint(hint: Any) -> Iterator[str]:
    choices = [choice for choice in _choices(hint) if choice is not type(None)]
    if str in choices or len(choices) > 1:  # an enum's name, or a document's text
        choices = [str] if str in choices else choices[:1]
    (choice,) = choices
    origin, arguments = get_origin(choice), get_args(choice)
    if choice in LEAVES:
        yield f": {LEAVES[choice]}"
    elif origin and issubclass(origin, Mapping):
        yield from (f"{{}}{rest}" for rest in _of_hint(arguments[1]))
    elif origin and issubclass(origin, Sequence):
        yield from (f"[]{rest}" for rest in _of_hint(arguments[0]))
    else:
        yield from (f".{rest}" for rest in sorted(_of_nested(choice)))


@functools.cache
def _of_nested(cls: Any) -> frozenset[str]:
    return _told(_properties(cls))


def _choices(hint: Any) -> list[Any]:
    """The types that a hint allows, without what makes a value late."""
    if get_origin(hint) in (Union, types.UnionType):
        return [each for part in get_args(hint) for each in _choices(part)]
    if get_origin(hint) is pulumi.Output:
        return _choices(get_args(hint)[0])
    late = get_origin(hint) and getattr(get_origin(hint), "__name__", "") == "Awaitable"
    return [] if late else [hint]


# Of a schema.


def shape_of_resource(schema: Mapping[str, Any], token: str) -> Shape:
    told = schema["resources"][token]
    return Shape(
        _in_schema(schema, told["inputProperties"]),
        _in_schema(schema, told["properties"]),
        frozenset(told.get("requiredInputs", ())),
    )


def shape_of_function(schema: Mapping[str, Any], token: str) -> Shape:
    told = schema["functions"][token]
    given = told.get("inputs", {}).get("properties", {})
    held = told["outputs"]["properties"]
    return Shape(_in_schema(schema, given), _in_schema(schema, held), frozenset())


def shape_of_configuration(schema: Mapping[str, Any]) -> Shape:
    told = schema["provider"]
    required = frozenset(told.get("requiredInputs", ()))
    return Shape(_in_schema(schema, told["inputProperties"]), frozenset(), required)


def _in_schema(schema: Mapping[str, Any], properties: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        f"{name}{rest}" for name, spec in properties.items() for rest in _of_spec(schema, spec)
    )


def _of_spec(schema: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    if reference := spec.get("$ref"):
        nested = schema["types"][reference.removeprefix("#/types/")]
        below = _in_schema(schema, nested["properties"])
        yield from (f".{rest}" for rest in sorted(below))
    elif items := spec.get("items"):
        yield from (f"[]{rest}" for rest in _of_spec(schema, items))
    elif values := spec.get("additionalProperties"):
        yield from (f"{{}}{rest}" for rest in _of_spec(schema, values))
    else:
        yield f": {spec['type']}"
