"""From pydantic's findings to sentences: what was given, what was expected, what to do."""

import re
import types
import typing
from collections.abc import Iterator
from typing import Any

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from . import arns, balancer, cluster, eks, nodes, values
from .document import Node
from .files import STACK_NAME
from .problems import Problem, nearest, shown

Path = tuple[int | str, ...]
"""Where pydantic found something."""

_EXPECTED = {
    values.NAME_PATTERN: (
        "lower-case letters, digits and '-', starting with a letter and not ending with '-'"
    ),
    values.ENDPOINT_PATTERN: "a path such as /iris or /v2/iris",
    values.ENV_NAME_PATTERN: "letters, digits and '_', not starting with a digit",
    values.SECRET_PATTERN: "<secret>/<key>, such as vision/token",
    values.TEXT_PATTERN: "text without the character U+0000",
    cluster.NAME_PATTERN: (
        "at most 21 lower-case letters, digits and '-', starting with a letter and not ending with"
        " '-'"
    ),
    cluster.ADDRESS_PATTERN: "a registry such as registry.example.com or 10.0.0.5:5000/team",
    cluster.STACK_PATTERN: f"a stack's name: {STACK_NAME}",
    eks.CLUSTER_PATTERN: (
        "at most 40 lower-case letters, digits and '-', starting with a letter and not ending with"
        " '-'"
    ),
    nodes.INSTANCE_PATTERN: "an EC2 instance type such as m7i.large",
    nodes.LABEL_PATTERN: "a label's key such as example.com/pool",
    nodes.LABEL_VALUE_PATTERN: "at most 63 letters, digits, '-', '_' and '.'",
    arns.ACCOUNT_PATTERN: "the twelve digits of an AWS account",
    arns.ZONE_PATTERN: "an availability zone such as us-east-1a",
    arns.PRINCIPAL_PATTERN: "an ARN such as arn:aws:iam::123456789012:role/Deploy",
    arns.VPC_PATTERN: "the id of a VPC such as vpc-0a1b2c3d4e5f60718",
    arns.SUBNET_PATTERN: "the id of a subnet such as subnet-0a1b2c3d4e5f60718",
    arns.RESERVATION_PATTERN: "the id of a capacity reservation such as cr-0a1b2c3d4e5f60718",
    arns.CERTIFICATE_PATTERN: "the ARN of a certificate of ACM",
    arns.ZONE_ID_PATTERN: "the id of a hosted zone such as Z0123456789ABCDEFGHIJ",
    balancer.DOMAIN_PATTERN: "a domain such as ml.example.com",
    arns.CIDR_PATTERN: "a network such as 10.20.0.0/16",
}
_NUMBER = ("int_type", "greater_than_equal", "less_than_equal")
_MAPPING = ("model_type", "model_attributes_type", "dict_type")


def problems_of(
    errors: list[ErrorDetails], root: type[BaseModel], node: Node, prefix: str
) -> Iterator[Problem]:
    """One Problem for each error, placed where its value was written.

    `prefix` goes before the keys shown, for instance `ekiben:`.
    """
    for error in errors:
        path = error["loc"]
        written = tuple(_written(root, node, path))
        yield Problem(
            place=node.locate(written),
            key=prefix + ".".join(_segment(segment) for segment in written),
            message=_message(error, root),
        )


def _segment(segment: int | str) -> str:
    text = str(segment)
    return text if re.fullmatch(r"[-\w:/]{1,60}", text, re.ASCII) else shown(text, ascii)


def _message(error: ErrorDetails, root: type[BaseModel]) -> str:
    kind, given = error["type"], shown(error["input"])
    if kind == "extra_forbidden":
        known = _keys_at(root, error["loc"][:-1])
        return f"unknown key; {nearest(str(error['loc'][-1]), known)}"
    if kind == "missing":
        return f"is missing; {_meaning(root, error['loc'])}"
    if kind == "value_error":
        reason = str(error["ctx"]["error"])
        return reason if _model_at(root, error["loc"]) else f"given {given}; {reason}"
    if kind == "string_pattern_mismatch":
        pattern = str(error["ctx"]["pattern"])
        expected = _EXPECTED.get(pattern, f"text matching {pattern}")
        return f"given {shown(error['input'], ascii)}; expected {expected}"
    if kind in ("string_too_long", "too_long"):
        return f"given {given}; expected at most {error['ctx']['max_length']} characters"
    if kind == "union_tag_not_found":
        return "has no kind; give it one, such as kind: local"
    if kind == "union_tag_invalid":
        tags = str(error["ctx"]["expected_tags"])
        return f"given kind {str(error['ctx']['tag'])!r}; expected one of: {tags}"
    if kind in _NUMBER:
        return f"given {given}; expected {_range(root, error['loc'])}"
    if kind in _MAPPING:
        return f"given {given}; expected keys and values"
    expected = error["msg"].replace("Input should be", "expected").replace("should", "must")
    return f"given {given}; {expected[0].lower()}{expected[1:]}"


def _written(root: type[BaseModel], node: Node, path: Path) -> Iterator[int | str]:
    """The path without pydantic's own segments: union tags and the mark of a bad key."""
    current: Node | None = node
    for position, (segment, owner) in enumerate(_walk(root, path)):
        if _is_union(owner):
            continue
        child = current.child(segment) if current else None
        if child is not None or (position == len(path) - 1 and segment != "[key]"):
            yield segment
        current = child if child is not None else current


def _range(root: type[BaseModel], path: Path) -> str:
    field = _field_at(root, path)
    bounds = {type(bound): bound for bound in field.metadata} if field else {}
    lowest, highest = bounds.get(Ge), bounds.get(Le)
    if not (isinstance(lowest, Ge) and isinstance(highest, Le)):
        return "a whole number"
    return f"a whole number from {lowest.ge} to {highest.le}"


def _field_at(root: type[BaseModel], path: Path) -> FieldInfo | None:
    owner = _model_at(root, path[:-1])
    return owner.model_fields.get(str(path[-1])) if owner else None


def _meaning(root: type[BaseModel], path: Path) -> str:
    field = _field_at(root, path)
    text = (field.description if field and field.description else "give it a value").strip()
    return " ".join(text.split())


def _keys_at(root: type[BaseModel], path: Path) -> list[str]:
    owner = _model_at(root, path)
    return list(owner.model_fields) if owner else []


def _model_at(root: type[BaseModel], path: Path) -> type[BaseModel] | None:
    *_, (_, found) = _walk(root, (*path, ""))
    return found if _is_model(found) else None


def _walk(root: type[BaseModel], path: Path) -> Iterator[tuple[int | str, Any]]:
    """Each segment with the type that it is looked up in."""
    found: Any = root
    for segment in path:
        yield segment, found
        if _is_model(found):
            field = found.model_fields.get(str(segment))
            found = field.annotation if field else None
        elif _is_union(found):
            found = next((m for m in typing.get_args(found) if _tag(m) == segment), None)
        else:
            found = _member(found)
        found = _bare(found)


def _member(found: Any) -> Any:
    """What a mapping or a list holds."""
    arguments = typing.get_args(found)
    return arguments[-1] if typing.get_origin(found) in (dict, list) else None


def _bare(found: Any) -> Any:
    """A type without what is said about it, and without the chance of nothing."""
    if typing.get_origin(found) is typing.Annotated:
        return _bare(typing.get_args(found)[0])
    if _is_union(found):
        some = [member for member in typing.get_args(found) if member is not types.NoneType]
        return _bare(some[0]) if len(some) == 1 else found
    return found


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)


def _is_union(found: Any) -> bool:
    return typing.get_origin(found) in (typing.Union, types.UnionType)


def _tag(member: Any) -> str | None:
    if not _is_model(member):
        return None
    arguments = typing.get_args(member.model_fields["kind"].annotation)
    return str(arguments[0]) if arguments else None
