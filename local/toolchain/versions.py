"""Telling a program's version and whether it suits."""

from __future__ import annotations

import re

VERSION = re.compile(r"(?<![\w.])(?:[a-z]+)?v?(\d+(?:\.\d+)+)")


def version_in(text: str) -> str | None:
    """The first version in what a program said of itself."""
    match = VERSION.search(text)
    return match.group(1) if match else None


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def misfit(version: str, at_least: str, below: str) -> str | None:
    """Why a version does not suit; None where it does."""
    if numbers(version) < numbers(at_least):
        return f"{version} is older than {at_least}"
    if below and numbers(version) >= numbers(below):
        return f"{version} is not below {below}"
    return None
