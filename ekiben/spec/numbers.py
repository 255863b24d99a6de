"""Numbers that remember how they were written: `1.10` is a number, but as text it is not `1.1`."""

from typing import Any


class _Written:
    text: str

    def __str__(self) -> str:
        return self.text


class _Int(_Written, int):
    pass


class _Float(_Written, float):
    pass


def spelt(value: int | float, text: str) -> Any:
    """The number, whose `str` is `text`."""
    if str(value) == text:
        return value
    found = _Int(value) if isinstance(value, int) else _Float(value)
    found.text = text
    return found
