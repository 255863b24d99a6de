"""How long `pulumi preview` of many models takes, against a bare program of as many resources.

`python -m bench.preview` generates a project of 1,000 models, previews it against an empty cluster
of its own, and lets a bare program register the resources that this preview showed, untyped and
with the same inputs. Both then run in turn. No image is built and nothing is placed. It exits with
1 where the ratio of the medians is over the limit.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from . import bare, pairs, results
from .plan import make_project
from .process import Measured, measure, said
from .project import CLUSTER, SOURCE, STACK, Project, copied, end_cluster

RATIO = 1.3
_PREVIEW = ["pulumi", "preview", "--stack", STACK, "--non-interactive"]


def fill(project: Project, models: int) -> None:
    """Puts generated models in place of the project's own."""
    with TemporaryDirectory(prefix="ekiben-bench-") as folder:
        made = Path(folder)
        make_project(made, models)
        shutil.rmtree(project.root / "models")
        shutil.move(made / "models", project.root / "models")
        stack = yaml.safe_load((made / "stacks" / f"Pulumi.{STACK}.yaml").read_text())
    project.write_stack(stack["config"]["ekiben:models"])


def shown(project: Project) -> list[dict[str, Any]]:
    """The resources that a preview is about to make."""
    steps = json.loads(project.said(*_PREVIEW, "--json"))["steps"]
    return [step["newState"] for step in steps if step["op"] == "create"]


def compare(project: Project, other: bare.Bare, runs: int) -> dict[str, Any]:
    ours, theirs = pairs.in_turn(
        "preview",
        lambda: _run(project.root, project.environment, other.count),
        lambda: _run(other.root, dict(other.environment), other.count),
        runs,
    )
    return {
        "resources": other.count,
        "runs": runs,
        "preview": _figures(ours),
        "bare_preview": _figures(theirs),
        **pairs.ratio(ours, theirs, RATIO),
    }


def _run(folder: Path, env: dict[str, str], count: int) -> Measured:
    run = measure(_PREVIEW, folder, env)
    summary = run.output.partition("Resources:")[2]
    # The stack itself is one more.
    if run.status or f"+ {count + 1} to create" not in summary:
        raise SystemExit(f"a preview was to show {count + 1} new resources:\n{run.output[-3000:]}")
    return run


def _figures(runs: list[Measured]) -> dict[str, Any]:
    return {
        "seconds": results.spread([run.seconds for run in runs]),
        "processor_seconds": results.spread([run.processor_seconds for run in runs]),
        "program_memory_mb": results.spread([run.memory_mb for run in runs], 0),
    }


def report(models: int, runs: int) -> dict[str, Any]:
    with copied() as project, TemporaryDirectory(prefix="ekiben-bench-") as folder:
        fill(project, models)
        said([sys.executable, "-m", "local", "up", "--cluster", CLUSTER], SOURCE, os.environ)
        project.said("pulumi", "stack", "select", STACK, "--create", "--non-interactive")
        results.say("one preview, for the bare program to register the same")
        other = bare.make(Path(folder), project, shown(project))
        bare.select(other)
        return {"models": models, **compare(project, other, runs)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    end_cluster()
    try:
        result = report(given.models, given.runs)
    finally:
        end_cluster()
    results.write("preview", result)
    sys.exit(0 if result["ratio_of_medians"] <= RATIO else 1)


if __name__ == "__main__":
    main()
