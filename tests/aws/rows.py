"""How the fake's own answers are registered."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.aws.place import Place
from tests.aws.wire import Document

Answer = Callable[[Place, Document], Document | None]
Amend = Callable[[Place, Document, Document], Document]
Guard = Callable[[Place, Document], None]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A call that moto does not answer as AWS does, why, and what we do about it.

    `answer` gives the output instead of moto, or None to leave it to moto. `amend` is shown moto's
    output (third argument) and gives a better one. `guard` refuses, before moto is asked, what AWS
    would refuse.
    """

    service: str
    operation: str
    why: str
    answer: Answer | None = None
    amend: Amend | None = None
    guard: Guard | None = None


def rows(service: str, why: str, **answers: Answer) -> list[Row]:
    """Rows with one reason; the operations are spelled as boto3 spells its methods."""
    return [
        Row(service=service, operation=camel(name), why=why, answer=answer)
        for name, answer in answers.items()
    ]


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
