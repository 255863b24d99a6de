"""What a stack's state holds of each resource, and what of it has changed."""

from collections.abc import Iterable, Mapping
from typing import Any

Resources = Mapping[str, Mapping[str, Any]]


def named(resources: Iterable[Mapping[str, Any]]) -> Resources:
    """Resources by their names in the program; where there are two of a name, by both."""
    return {str(resource["urn"]).split("::", 2)[2]: resource for resource in resources}


def name(urn: str) -> str:
    """The name in the program."""
    return urn.rpartition("::")[2]


def changed(before: Resources, after: Resources) -> dict[str, list[str]]:
    """Names of resources that came, went or are not as they were, and which parts of each; the
    outputs of components and of the stack, and times of changes, do not count."""
    keys = {key for key in (*before, *after) if before.get(key, after.get(key, {})).get("custom")}
    found = {name(key): _parts(before.get(key, {}), after.get(key, {})) for key in sorted(keys)}
    return {key: parts for key, parts in found.items() if parts}


def _parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    parts = sorted({*before, *after} - {"modified", "created"})
    return [part for part in parts if _unordered(before.get(part)) != _unordered(after.get(part))]


def _unordered(value: Any) -> Any:
    """References without their order, which the engine's Python SDK leaves to chance."""
    if isinstance(value, dict):
        return {key: _unordered(child) for key, child in value.items()}
    if isinstance(value, list) and all(str(child).startswith("urn:pulumi:") for child in value):
        return sorted(value)
    return value
