"""One AWS resource as plain data, and references to what another one will give."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

REFERENCE = re.compile(r"\$\{([a-z][-a-z0-9]*)\.([A-Za-z][.A-Za-z0-9]*)\}")
"""`${vpc.id}`: the output `id` of the resource `vpc`. IAM's own variables hold a colon."""

ACCOUNT = "${account.id}"
"""The account that everything is made in, where the stack file does not name it."""

CALLER = "${caller.arn}"
"""Whoever runs the engine: the role behind a session, or the user."""

KNOWN_LATE = ("account", "caller")
"""Names that references may use although no resource has them."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource to be: its type token, and its properties as the engine sees them.

    Policy documents are dicts. `protect` guards it against removal, `needs` names resources that
    have to be there before it, beyond those that its properties refer to.
    """

    type: str
    properties: Mapping[str, Any]
    protect: bool = False
    needs: tuple[str, ...] = ()


Resources = dict[str, Resource]
"""By logical name, each after all that it refers to."""


def ref(name: str, output: str = "id") -> str:
    return f"${{{name}.{output}}}"


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Resource and output of every reference in a value."""
    if isinstance(value, str):
        yield from ((match[1], match[2]) for match in REFERENCE.finditer(value))
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from references(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from references(child)
