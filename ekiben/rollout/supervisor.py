"""What BentoML's own supervisor adds when a service's process has ended: it buries the reason."""

from collections.abc import Sequence

_FIRST = "Traceback (most recent call last):"
_LAST = "RuntimeError: No active process found for watcher."


def without(lines: Sequence[str]) -> list[str]:
    """The lines that were said before the supervisor's traceback, where they end with one."""
    if not lines or _LAST not in lines[-1]:
        return list(lines)
    first = max((number for number, line in enumerate(lines) if _FIRST in line), default=0)
    return list(lines[:first])
