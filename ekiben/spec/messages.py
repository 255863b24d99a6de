"""From pydantic's findings to sentences: what was given, what was expected, what to do."""

import types
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from . import cluster, values
from .document import Node
from .problems import Problem, nearest, shown

_EXPECTED = {
    values.NAME_PATTERN: (
        "lower-case letters, digits and '-', starting with a letter and not ending with '-'"
    ),
    values.ENDPOINT_PATTERN: "a path such as /iris or /v2/iris",
    values.ENV_NAME_PATTERN: "letters, digits and '_', not starting with a digit",
    values.SECRET_PATTERN: "<secret>/<key>, such as vision/token",
    cluster.STACK_PATTERN: "a stack's name, such as prod",
}


def problems_of(
    errors: list[ErrorDetails], root: type[BaseModel], node: Node, prefix: str
) -> Iterator[Problem]:
    """One Problem for each error, placed where its value was written.

    `prefix` goes before the keys shown, for instance `ekiben:`.
    """
    for error in errors:
        path = error["loc"]
        written = tuple(_written(node, path))
        yield Problem(
            place=node.locate(written),
            key=prefix + ".".join(str(segment) for segment in written),
            message=_message(error, root),
        )


def _message(error: ErrorDetails, root: type[BaseModel]) -> str:
    kind, given = error["type"], shown(error["input"])
    if kind == "extra_forbidden":
        known = _keys_at(root, error["loc"][:-1])
        return f"unknown key; {nearest(str(error['loc'][-1]), known)}"
    if kind == "missing":
        return f"is missing; {_meaning(root, error['loc'])}"
    if kind == "value_error":
        return f"given {given}; {error['ctx']['error']}" if _scalar(error) else _reason(error)
    if kind == "string_pattern_mismatch":
        pattern = str(error["ctx"]["pattern"])
        return f"given {given}; expected {_EXPECTED.get(pattern, f'text matching {pattern}')}"
    if kind == "union_tag_not_found":
        return "has no kind; give it one, such as kind: local"
    if kind == "union_tag_invalid":
        tags = str(error["ctx"]["expected_tags"])
        return f"given kind {str(error['ctx']['tag'])!r}; expected one of: {tags}"
    if kind in ("model_type", "dict_type"):
        return f"given {given}; expected keys and values"
    expected = error["msg"].replace("Input should be", "expected").replace("should", "must")
    return f"given {given}; {expected[0].lower()}{expected[1:]}"


def _scalar(error: ErrorDetails) -> bool:
    return not isinstance(error["input"], dict | list)


def _reason(error: ErrorDetails) -> str:
    return str(error["ctx"]["error"])


def _written(node: Node, path: tuple[int | str, ...]) -> Iterator[int | str]:
    """The path without pydantic's own segments: union tags and the mark of a bad key."""
    current: Node | None = node
    for position, segment in enumerate(path):
        child: Node | None = None
        if current is not None and isinstance(current.value, dict):
            child = current.value.get(segment)
        elif current is not None and isinstance(current.value, list) and isinstance(segment, int):
            child = current.value[segment]
        if child is not None or (position == len(path) - 1 and segment != "[key]"):
            yield segment
        current = child if child is not None else current


def _meaning(root: type[BaseModel], path: tuple[int | str, ...]) -> str:
    owner = _model_at(root, path[:-1])
    field = owner.model_fields.get(str(path[-1])) if owner else None
    text = (field.description if field and field.description else "give it a value").strip()
    return " ".join(text.split())


def _keys_at(root: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    owner = _model_at(root, path)
    return list(owner.model_fields) if owner else []


def _model_at(root: type[BaseModel], path: tuple[int | str, ...]) -> type[BaseModel] | None:
    found: Any = root
    for segment in path:
        if isinstance(found, type) and issubclass(found, BaseModel):
            field = found.model_fields.get(str(segment))
            found = field.annotation if field else None
        elif typing.get_origin(found) in (typing.Union, types.UnionType):
            found = next((m for m in typing.get_args(found) if _tag(m) == segment), None)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _tag(member: Any) -> str | None:
    if not (isinstance(member, type) and issubclass(member, BaseModel)):
        return None
    arguments = typing.get_args(member.model_fields["kind"].annotation)
    return str(arguments[0]) if arguments else None
