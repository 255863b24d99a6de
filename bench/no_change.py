"""How long `make up` takes where nothing has changed, against the engine's own run.

`python -m bench.no_change` brings a stack up on a cluster of its own, then runs, in turn, `make up`
and `pulumi up --skip-preview` of a bare program that registers the same resources against the same
cluster. It exits with 1 where the ratio of the medians is over the limit, or a run changed
anything.
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import bare, pairs, results
from .process import Measured, measure
from .project import STACK, Project, copied, end_cluster

RATIO = 1.5
MODELS = ("iris", "digits", "minilm")
_ENGINE = ["pulumi", "up", "--skip-preview", "--yes", "--stack", STACK]
_TOLD = re.compile(r"^Duration: (?:(\d+)m)?(\d+)s", re.MULTILINE)


def unchanged(run: Measured) -> bool:
    """Whether it succeeded and its summary tells of nothing but unchanged resources."""
    summary = run.output.partition("Resources:")[2].split("\n\n")[0].split("\n")
    told = [line.split()[1] for line in summary if line.strip()]
    return run.status == 0 and told == ["unchanged"]


def compare(project: Project, other: bare.Bare, runs: int) -> dict[str, Any]:
    ours, theirs = pairs.in_turn(
        "make up",
        lambda: _run("make up", project.make_up, project.root, dict(os.environ)),
        lambda: _run("bare", _ENGINE, other.root, dict(other.environment)),
        runs,
    )
    return {
        "resources": other.count,
        "runs": runs,
        "make_up": _figures(ours),
        "bare_engine_run": _figures(theirs),
        **pairs.ratio(ours, theirs, RATIO),
    }


def _run(name: str, command: list[str], folder: Path, env: dict[str, str]) -> Measured:
    run = measure(command, folder, env)
    if not unchanged(run):
        raise SystemExit(f"{name} was to change nothing and exit with 0:\n{run.output}")
    return run


def _figures(runs: list[Measured]) -> dict[str, Any]:
    engine = [_engine_seconds(run.output) for run in runs]
    return {
        "seconds": results.spread([run.seconds for run in runs]),
        "processor_seconds": results.spread([run.processor_seconds for run in runs]),
        "engine_says_seconds": results.spread(engine, 0),
    }


def _engine_seconds(output: str) -> float:
    found = _TOLD.search(output)
    return float(found[1] or 0) * 60 + float(found[2]) if found else 0.0


def report(runs: int, models: tuple[str, ...]) -> dict[str, Any]:
    with copied() as project, TemporaryDirectory(prefix="ekiben-bench-") as folder:
        project.write_stack({name: {} for name in models})
        results.say("first run: brings cluster and models up")
        first = measure(project.up, project.root, os.environ)
        if first.status:
            raise SystemExit(first.output)
        exported = project.said("pulumi", "stack", "export", "--show-secrets", "--stack", STACK)
        resources = json.loads(exported)["deployment"]["resources"]
        other = bare.make(Path(folder), project, resources)
        bare.select(other, exported)
        results.say("one run of each, not counted")
        _run("make up", project.make_up, project.root, dict(os.environ))
        measure(_ENGINE, other.root, other.environment)
        return compare(project, other, runs)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--keep-cluster", action="store_true")
    given = parser.parse_args()
    try:
        result = report(given.runs, tuple(given.models))
    finally:
        if not given.keep_cluster:
            end_cluster()
    results.write("no_change", result)
    sys.exit(0 if result["ratio_of_medians"] <= RATIO else 1)


if __name__ == "__main__":
    main()
