"""Whether a policy document allows something: IAM's own rules, as far as our policies use them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Context = Mapping[str, str | Sequence[str]]

KNOWN = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def allows(
    document: Mapping[str, Any],
    action: str,
    resource: str = "*",
    context: Context | None = None,
    principal: str | None = None,
) -> bool:
    """Whether some statement allows it and none denies it; what is not named is refused."""
    said = [
        statement["Effect"]
        for statement in document["Statement"]
        if _applies(statement, action, resource, context or {}, principal)
    ]
    return "Allow" in said and "Deny" not in said


def _applies(
    statement: Mapping[str, Any],
    action: str,
    resource: str,
    context: Context,
    principal: str | None,
) -> bool:
    assert set(statement) <= KNOWN, f"not understood: {set(statement) - KNOWN}"
    return (
        _any_like(statement["Action"], action, ignore_case=True)
        and _any_like(statement.get("Resource", ["*"]), resource)
        and (principal is None or principal in set(_principals(statement)))
        and all(
            _holds(operator, key, wanted, context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    for names in statement["Principal"].values():
        yield from names


def _any_like(patterns: Sequence[str], text: str, *, ignore_case: bool = False) -> bool:
    return any(like(pattern, text, ignore_case=ignore_case) for pattern in patterns)


def like(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """IAM's `*` and `?`."""
    parts = re.split(r"([*?])", pattern)
    expression = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts)
    return bool(re.fullmatch(expression, text, re.IGNORECASE if ignore_case else 0))


def _alike(test: str, wanted: str, value: str) -> bool:
    if test == "StringEquals":
        return wanted == value
    assert test in ("ArnEquals", "ArnLike", "StringLike"), f"not understood: {test}"
    return like(wanted, value)


def _holds(operator: str, key: str, wanted: str | Sequence[str], context: Context) -> bool:
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    values = context.get(key, [])
    found = [values] if isinstance(values, str) else list(values)
    quantifier, _, test = operator.rpartition(":")
    if test == "Bool":
        return found == wanted
    matched = [any(_alike(test, one, value) for one in wanted) for value in found]
    if quantifier == "ForAllValues":
        return all(matched)
    return bool(found) and any(matched)
