"""The one YAML parser: text in, a tree of values that remember their places out.

It reads the JSON-like core of YAML 1.2 (`no` is a word, `1:30` is text, dates are text), because
that is what people mean in configuration, and it bounds everything a hostile file could blow up:
size, depth, and the number of values after aliases are expanded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import yaml
from yaml._yaml import CParser

from .numbers import spelt
from .problems import Place, Problem, SpecError, shown

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_VALUES = 50_000
MAX_DIGITS = 1000
"""Longer numbers are kept as text, which no number is expected to be."""

_TAGS = (None, "!", "tag:yaml.org,2002:str")
_NOT_TEXT = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no YAML text may hold."""


@dataclass(frozen=True)
class Node:
    """A value and where it was written: `value` is a scalar, a list of nodes or a dict of nodes.

    `keys` gives the place of each key of a mapping (the value stands elsewhere on the line).
    """

    value: Any
    place: Place
    keys: Mapping[str, Place]

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def get(self, key: str) -> "Node | None":
        return self.value.get(key) if isinstance(self.value, dict) else None

    def child(self, segment: int | str) -> "Node | None":
        """What stands under a key, or at an index of a list."""
        if isinstance(self.value, list) and segment in range(len(self.value)):
            return cast("Node", self.value[int(segment)])
        return self.get(str(segment))

    def locate(self, path: tuple[int | str, ...]) -> Place:
        """The place of the deepest part of `path` that exists; segments that do not are skipped."""
        node, place = self, self.place
        for segment in path:
            child = node.child(segment)
            if child is not None:
                place, node = node.keys.get(str(segment), child.place), child
        return place


class _Resolver(yaml.resolver.BaseResolver):
    """Core-schema scalars only: null, booleans, integers and floats."""


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    _Resolver.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first
    )


class _Loader(CParser, _Resolver):
    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        _Resolver.__init__(self)


def parse(text: str, file: str) -> Node:
    """The document in `text`; an empty one is an empty mapping. Raises SpecError."""
    if len(text) > MAX_BYTES:
        raise _refused(Place(file=file), f"{len(text)} characters; expected at most {MAX_BYTES}")
    _check_characters(text, file)
    try:
        _check_events(text, file)
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise SpecError([_syntax_problem(error, file)]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refused(Place(file=file), f"not YAML: {error}") from None
    if root is None:
        return Node({}, Place(file=file, line=1, column=1), {})
    problems: list[Problem] = []
    node = _Reader(file, problems).read(root)
    if problems:
        raise SpecError(problems)
    if node.value is None:
        return Node({}, node.place, {})
    if not isinstance(node.value, dict):
        raise _refused(node.place, f"given {shown(node.plain())}; expected keys and values")
    return node


def _check_characters(text: str, file: str) -> None:
    found = _NOT_TEXT.search(text)
    if found:
        at = found.start()
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        message = f"the character U+{ord(found[0]):04X} cannot stand in YAML; remove it"
        raise _refused(Place(file=file, line=line, column=column), message)


def _check_events(text: str, file: str) -> None:
    """Refuses what is too deep or too large before anything recurses over it, and tags."""
    budget = _Budget(file)
    for event in yaml.parse(text, Loader=_Loader):  # type: ignore[arg-type]
        tag = getattr(event, "tag", None)
        if tag not in _TAGS:
            message = f"the tag {shown(tag)} is not read here; write plain YAML"
            raise _refused(_place(event.start_mark, file), message)
        budget.spend(event)


class _Budget:
    """Counts values as if aliases were expanded, in one pass over the events of a text.

    A collection's expanded size is known when it ends, so a bomb of nested aliases is found by
    addition.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._sizes: dict[str, int] = {}
        self._open: list[tuple[str | None, int]] = [(None, 0)]

    def spend(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionStartEvent):
            self._open.append((event.anchor, 1))
            if len(self._open) > MAX_DEPTH:
                raise self._refused(event, f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = self._open.pop()
            self._add(event, size, anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._sizes:
                message = f"alias *{event.anchor} names nothing that ended above it"
                raise self._refused(event, message)
            self._add(event, self._sizes[event.anchor], None)
        elif isinstance(event, yaml.ScalarEvent):
            self._add(event, 1, event.anchor)

    def _add(self, event: yaml.Event, values: int, anchor: str | None) -> None:
        holder, size = self._open[-1]
        self._open[-1] = (holder, size + values)
        if anchor:
            self._sizes[anchor] = values
        if size + values > MAX_VALUES:
            raise self._refused(event, f"more than {MAX_VALUES} values once aliases are expanded")

    def _refused(self, event: yaml.Event, message: str) -> SpecError:
        return _refused(_place(event.start_mark, self._file), message)


class _Reader:
    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems

    def read(self, node: yaml.Node) -> Node:
        place = self._place(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.read(child) for child in node.value], place, {})
        assert isinstance(node, yaml.ScalarNode)
        return Node(_scalar(node), place, {})

    def _mapping(self, node: yaml.MappingNode, place: Place) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for key, child, at in self._entries(node):
            if key in values:
                self._problem(at, f"the key {shown(key)} was already given at {keys[key]}")
                continue
            keys[key], values[key] = at, self.read(child)
        return Node(values, place, keys)

    def _entries(self, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, Place]]:
        for key_node, child in node.value:
            at = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
                self._problem(at, "expected a plain word as key (merge keys are not read)")
                continue
            yield key_node.value, child, at

    def _place(self, node: yaml.Node) -> Place:
        return _place(node.start_mark, self.file)

    def _problem(self, place: Place, message: str) -> None:
        self.problems.append(Problem(place=place, message=message))


def _scalar(node: yaml.ScalarNode) -> Any:
    kind, text = node.tag.removeprefix("tag:yaml.org,2002:"), node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int" and len(text) <= MAX_DIGITS:
        return spelt(int(text, 16) if text.startswith("0x") else int(text), text)
    if kind == "float":
        return spelt(float(text.lower().replace(".inf", "inf").replace(".nan", "nan")), text)
    return text


def _place(mark: Any, file: str) -> Place:
    return (
        Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file)
    )


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    context = f" ({error.context})" if error.context else ""
    place = _place(error.problem_mark or error.context_mark, file)
    return Problem(place=place, message=f"not YAML: {error.problem}{context}")


def _refused(place: Place, message: str) -> SpecError:
    return SpecError([Problem(place=place, message=message)])


def merge(below: Node, above: Node) -> Node:
    """`above` laid over `below`: mappings are merged key by key, anything else is replaced."""
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    values, keys = dict(below.value), dict(below.keys)
    for key, child in above.value.items():
        values[key] = merge(values[key], child) if key in values else child
        keys[key] = above.keys[key]
    return Node(values, above.place, keys)
