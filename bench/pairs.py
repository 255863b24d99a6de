"""Two commands measured in turn, so that both meet the same machine."""

import statistics
from collections.abc import Callable
from typing import Any

from . import results
from .process import Measured

Runs = list[Measured]


def in_turn(
    what: str, ours: Callable[[], Measured], bare: Callable[[], Measured], runs: int
) -> tuple[Runs, Runs]:
    """The runs of Ekiben's command, called `what` in the progress, and of the bare program."""
    pairs: list[tuple[Measured, Measured]] = []
    for number in range(runs):
        pair = ours(), bare()
        pairs.append(pair)
        told = f"{pair[0].seconds:.1f} s, bare {pair[1].seconds:.1f} s"
        results.say(f"run {number + 1} of {runs}: {what} {told}")
    return [one for one, _ in pairs], [other for _, other in pairs]


def ratio(ours: Runs, bare: Runs, limit: float) -> dict[str, Any]:
    """The medians' ratio beside what it is held to."""
    middle = statistics.median(run.seconds for run in bare)
    found = statistics.median(run.seconds for run in ours) / middle
    return {"ratio_of_medians": round(found, 2), "limit": limit}
