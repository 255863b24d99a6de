"""Checking a resource's inputs against a table, and between engine's values and plain Python."""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import CheckFailure
from pulumi.runtime import rpc

# What stands for a value that is not known in a preview. The SDK's own `Computed` cannot be sent.
UNKNOWN = PropertyValue(rpc.UNKNOWN)
DNS = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"

Values = Mapping[str, PropertyValue]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input: what it is in words, a test of its value, and its value when left out.

    A field with `fields` is an object of those.
    """

    expected: str
    fits: Callable[[object], bool] = bool
    required: bool = True
    default: str | None = None
    fields: Mapping[str, "Field"] = field(default_factory=dict)


def text(pattern: str = r"(?s).+") -> Callable[[object], bool]:
    """A test for text that a pattern matches as a whole."""
    whole = re.compile(pattern)
    return lambda value: isinstance(value, str) and whole.fullmatch(value) is not None


def is_duration(value: object) -> bool:
    """A finite number of seconds above zero."""
    return isinstance(value, float) and 0 < value < float("inf")


def is_json_object(value: object) -> bool:
    """The text of a JSON object."""
    try:
        return isinstance(value, str) and isinstance(json.loads(value), dict)
    except ValueError:
        return False


Table = Mapping[str, Field]


def check(values: Values, table: Table, path: str = "") -> list[CheckFailure]:
    """Everything that is wrong with the inputs, by property path; unknown values pass."""
    failures = [
        CheckFailure(path + name, _unknown(name, table))
        for name, value in values.items()
        if name not in table and value.value is not None
    ]
    for name, expectation in table.items():
        failures += _check_one(values.get(name), expectation, path + name)
    return failures


def with_defaults(values: Values, table: Table) -> dict[str, PropertyValue]:
    """The inputs, and the defaults of those left out."""
    defaults = {n: PropertyValue(f.default) for n, f in table.items() if f.default is not None}
    given = {name: value for name, value in values.items() if value.value is not None}
    return defaults | given


def plain(value: PropertyValue) -> Any:
    """The Python value of a property: text, float, bool, list, dict or None."""
    inner = value.value
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, tuple | list):
        return [plain(item) for item in inner]
    return inner


def is_unknown(value: PropertyValue | None) -> bool:
    """Whether the value, or one within it, is not known before other resources are made."""
    inner = value.value if value is not None else None
    if isinstance(inner, Mapping):
        return any(map(is_unknown, inner.values()))
    return bool(inner == UNKNOWN.value)


def differing(olds: Values, news: Values, names: tuple[str, ...]) -> list[str]:
    """Those of `names` whose value is another one now, or may turn out to be."""
    none = PropertyValue(None)
    return [
        name
        for name in names
        if is_unknown(news.get(name)) or plain(olds.get(name, none)) != plain(news.get(name, none))
    ]


def _check_one(value: PropertyValue | None, expectation: Field, path: str) -> list[CheckFailure]:
    inner = value.value if value is not None else None
    if inner is None:
        missing = expectation.required and expectation.default is None
        reason = f"it is missing; expected {expectation.expected}"
        return [CheckFailure(path, reason)] if missing else []
    if isinstance(inner, Mapping) and expectation.fields:
        return check(inner, expectation.fields, f"{path}.")
    if is_unknown(value) or (not expectation.fields and expectation.fits(inner)):
        return []
    # The engine shows the value of a property, but not of one within an object.
    given = f"given {_short(inner)!r}; " if "." in path else ""
    return [CheckFailure(path, f"{given}expected {expectation.expected}")]


def _short(inner: object) -> object:
    return f"{inner[:60]}..." if isinstance(inner, str) and len(inner) > 60 else inner


def _unknown(name: str, table: Table) -> str:
    near = difflib.get_close_matches(name, table, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"there is no such input{meant}"
