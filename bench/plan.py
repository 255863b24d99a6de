"""How long `ekiben plan` takes, and how much memory, for a stack of many models.

`python -m bench.plan` makes a project of 1,000 models in a temporary folder, plans it as a person
would (a process of its own), and writes what it measured to bench/results/plan.json. It exits
with 1 where a limit is broken.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

RESULTS = Path(__file__).parent / "results"
SECONDS = 10.0
MEGABYTES = 500.0

_SERVICE = '''\
"""A service of a benchmark; it is read and never run."""

import bentoml


@bentoml.service
class Service:
    @bentoml.api
    def predict(self, value: float) -> float:
        return value * {number}
'''


def make_project(root: Path, models: int) -> None:
    """Writes a project whose stack `bench` holds `models` models, each a little different."""
    names = [f"model-{number:04}" for number in range(models)]
    for number, name in enumerate(names):
        folder = root / "models" / name
        folder.mkdir(parents=True)
        (folder / "service.py").write_text(_SERVICE.replace("{number}", str(number)))
        (folder / "requirements.txt").write_text("scikit-learn\nnumpy\n")
        memory = f"{512 + number % 4 * 256}Mi"
        own = {"compute": {"memory": memory}, "env": {"LOG_LEVEL": "info"}}
        (folder / "model.yaml").write_text(yaml.safe_dump(own))
    overrides = {name: {"scaling": {"max_replicas": 2 + n % 9}} for n, name in enumerate(names)}
    stack = {"config": {"ekiben:team": "bench", "ekiben:models": overrides}}
    (root / "stacks").mkdir()
    (root / "stacks" / "Pulumi.bench.yaml").write_text(yaml.safe_dump(stack))
    (root / "Pulumi.yaml").write_text("name: bench\nruntime: python\nstackConfigDir: stacks\n")


@dataclass(frozen=True)
class Run:
    """One run: seconds on the wall's clock and of processor time, MB at most, bytes printed."""

    seconds: float
    processor: float
    memory: float
    printed: int


def measure(root: Path) -> Run:
    command = [sys.executable, "-m", "ekiben", "plan", "--stack", "bench", "--json"]
    with tempfile.TemporaryFile() as printed:
        started = perf_counter()
        pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", 'cd "$0" && exec "$@"', str(root), *command],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, printed.fileno(), 1)],
        )
        _, status, usage = os.wait4(pid, 0)
        seconds = perf_counter() - started
        if status:
            raise SystemExit(f"ekiben plan failed with {os.waitstatus_to_exitcode(status)}")
        printed.seek(0)
        size = len(printed.read())
    processor = usage.ru_utime + usage.ru_stime
    return Run(seconds, processor, usage.ru_maxrss / 1024, size)


def report(models: int, runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="ekiben-bench-") as folder:
        make_project(Path(folder), models)
        measured = [measure(Path(folder)) for _ in range(runs)]
    return {
        "models": models,
        "runs": runs,
        "seconds": _spread([run.seconds for run in measured], 2),
        "processor_seconds": _spread([run.processor for run in measured], 2),
        "peak_memory_mb": _spread([run.memory for run in measured], 1),
        "printed_bytes": measured[0].printed,
        "limits": {"seconds": SECONDS, "peak_memory_mb": MEGABYTES},
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
    }


def _spread(values: list[float], digits: int) -> dict[str, float]:
    found = {"min": min(values), "median": statistics.median(values), "max": max(values)}
    return {key: round(value, digits) for key, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    result = report(given.models, given.runs)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "plan.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    within = result["seconds"]["max"] <= SECONDS and result["peak_memory_mb"]["max"] <= MEGABYTES
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()
