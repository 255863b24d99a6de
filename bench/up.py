"""What takes how long in `make up`: on a machine with the tools, and with everything running.

`python -m bench.up` runs `make up` from nothing but the cache, then once more, and tells how long
each stretch of both took, by its own output. How long each tool took when it was made is read from
the recipe that lies beside it, so a cold run's time is their sum and the first run's.
"""

import argparse
import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from typing import Any

from local.cache import cache_root

from . import results
from .project import Project, copied, end_cluster

STRETCHES = (
    ("tools", "Updating ("),
    ("engine", "Duration: "),
    ("routes", "model "),
)
"""Each ends with the first line that starts so; `tools` is tools and cluster."""

MODELS = ("iris", "digits", "minilm")


def stamped(project: Project) -> Iterator[tuple[float, str]]:
    """Lines of one `make up`, with the seconds since its start."""
    started = time.monotonic()
    with subprocess.Popen(
        project.make_up,
        cwd=project.root,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            yield time.monotonic() - started, line.rstrip()
    if process.returncode:
        raise SystemExit(f"make up failed:\n{''.join(said)}")


def stretches(lines: Iterable[tuple[float, str]]) -> dict[str, float]:
    """Seconds of each stretch, and of all."""
    found: dict[str, float] = {}
    begun = at = 0.0
    left = list(STRETCHES)
    for at, line in lines:
        if left and line.startswith(left[0][1]):
            found[left.pop(0)[0]] = round(at - begun, 1)
            begun = at
    return {**found, "all": round(at, 1)}


def made() -> dict[str, Any]:
    """How each tool came into the cache, and how many seconds that took; the longest first."""
    recipes = [json.loads(file.read_text()) for file in cache_root().glob("tools/*/recipe.json")]
    ordered = sorted(recipes, key=lambda recipe: recipe["made"])
    newest = {recipe["tool"]: recipe for recipe in ordered}
    found = sorted(newest.values(), key=lambda recipe: -float(recipe["seconds"]))
    return {one["tool"]: {"way": one["way"], "seconds": one["seconds"]} for one in found}


def report(models: tuple[str, ...]) -> dict[str, Any]:
    with copied() as project:
        project.write_stack({name: {} for name in models})
        results.say("make up, without a cluster")
        first = stretches(stamped(project))
        results.say(f"{first}\nmake up, with everything running")
        second = stretches(stamped(project))
    return {"models": models, "first_seconds": first, "second_seconds": second, "tools": made()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=MODELS)
    given = parser.parse_args()
    end_cluster()
    try:
        result = report(tuple(given.models))
    finally:
        end_cluster()
    results.write("up", result)


if __name__ == "__main__":
    main()
