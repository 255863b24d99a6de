"""From a document to a model of it, or to its problems."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from .document import Node
from .messages import problems_of
from .problems import MOST, Problem

_S = TypeVar("_S", bound=BaseModel)


def checked(kind: type[_S], node: Node, prefix: str, problems: list[Problem]) -> _S | None:
    """`node` as a `kind`; None, with all that is wrong added to `problems`, where it is none.

    `prefix` goes before the keys shown.
    """
    try:
        return kind.model_validate(node.plain())
    except ValidationError as error:
        found = error.errors(include_url=False)[: MOST + 1]
        problems += problems_of(found, kind, node, prefix)
        return None
