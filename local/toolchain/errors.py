"""How a way to a tool ends when it does not end well."""

from __future__ import annotations


class WayError(Exception):
    """One way to a tool is not open or has failed; the next one is tried."""

    def __init__(self, reason: str, output: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.output = output


class ToolchainError(Exception):
    """Tools that no way led to: what was tried, how it ended, what to do."""


class Stopped(Exception):
    """The run was interrupted; nothing is wrong with any way."""
