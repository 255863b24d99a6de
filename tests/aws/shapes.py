"""What botocore's shapes allow: inputs and outputs are checked against them member by member."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator


def problems(value: Any, shape: Shape) -> list[str]:
    """What botocore's validator finds (missing, unknown, wrong type), and values out of an enum."""
    report = ParamValidator().validate(value, shape)
    found = report.generate_report().splitlines() if report.has_errors() else []
    return [
        *found,
        *(said for at, text, of in strings(value, shape) for said in _strange(at, text, of)),
    ]


def malformed(value: Any, shape: Shape) -> list[str]:
    """Strings that are too long, or have not the form that the model asks for."""
    return [said for at, text, of in strings(value, shape) for said in _misfit(at, text, of)]


def strings(value: Any, shape: Shape, where: str = "") -> Iterator[tuple[str, str, Shape]]:
    """All strings in a value: where each is, and its shape."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in shape.members.items():
            if name in value:
                yield from strings(value[name], member, f"{where}.{name}".removeprefix("."))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, shape.member, f"{where}[{index}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, shape.value, f"{where}.{key}")
    elif isinstance(value, str):
        yield where, value, shape


def _strange(where: str, text: str, shape: Shape) -> list[str]:
    allowed: list[str] = getattr(shape, "enum", None) or [text]
    return [] if text in allowed else [f"{where}: {text!r} is none of {', '.join(allowed)}"]


def _misfit(where: str, text: str, shape: Shape) -> list[str]:
    most = shape.metadata.get("max", len(text))
    form = _compiled(shape.metadata.get("pattern", ""))
    return [
        *([f"{where}: longer than {most}"] if len(text) > most else []),
        *([f"{where}: {text!r} does not match {form.pattern}"] if not form.search(text) else []),
    ]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error:
        # Models have Java's expressions. The few that Python does not understand are not checked.
        return re.compile("")


def unread(sent: Any, shape: Shape, where: str = "") -> list[str]:
    """What stands in a JSON body but has no place in the model: parsers drop it without a word."""
    if isinstance(shape, StructureShape) and isinstance(sent, dict):
        members = {m.serialization.get("name", n): m for n, m in shape.members.items()}
        unknown = [f'unknown parameter "{where}{key}"' for key in sent if key not in members]
        known = [(f"{where}{key}.", sent[key], members[key]) for key in sent if key in members]
        return [*unknown, *(w for at, value, m in known for w in unread(value, m, at))]
    if isinstance(shape, ListShape) and isinstance(sent, list):
        return [said for value in sent for said in unread(value, shape.member, where)]
    return []


def plain(value: Any) -> Any:
    """Without what the wire does not carry: empty members, the kind of sequence, microseconds."""
    if isinstance(value, Mapping):
        members = {key: plain(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member not in (None, [], {}, "")}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).replace(microsecond=0)
    return value
