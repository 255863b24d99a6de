"""A copy of this project in a temporary folder, with a stack on a local cluster of its own.

The copy holds what a commit of the working tree would hold. It shares the Python environment and
the cache of built tools, so that a benchmark needs neither again; it touches no other cluster.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from .process import said

SOURCE = Path(__file__).parents[1]
CLUSTER = os.environ.get("EKIBEN_BENCH_CLUSTER", "bench")
STACK = "bench"


@dataclass(frozen=True)
class Project:
    """The copy at `root`; its stack is called `bench` and so are its cluster and team."""

    root: Path

    def write_stack(self, models: Mapping[str, Any]) -> None:
        settings = {
            "ekiben:team": STACK,
            "ekiben:cluster": {"kind": "local", "name": CLUSTER},
            "ekiben:models": dict(models),
        }
        file = self.root / "stacks" / f"Pulumi.{STACK}.yaml"
        file.write_text(yaml.safe_dump({"config": settings}, sort_keys=False))

    @property
    def up(self) -> list[str]:
        """The command behind `make up`, as a person would type it."""
        python = str(self.root / ".venv/bin/python")
        flags = ["--stack", STACK, "--prepare", "--yes", "--clear-stale-lock"]
        return [python, "-m", "ekiben", "up", *flags]

    @property
    def make_up(self) -> list[str]:
        """`make up`; the shared environment is taken as it is, whatever its age."""
        return ["make", "--old-file=.venv/.stamp", "up", f"STACK={STACK}"]

    @cached_property
    def environment(self) -> dict[str, str]:
        """What `pulumi` and `kubectl` need, as `ekiben env` tells it."""
        command = [sys.executable, "-m", "ekiben", "env", "--stack", STACK]
        lines = said(command, self.root, os.environ).splitlines()
        words = [shlex.split(line)[1] for line in lines]
        return {**os.environ, **dict(word.split("=", 1) for word in words)}

    def said(self, *command: str) -> str:
        """Standard output of a tool run in the project; a failure raises."""
        return said(command, self.root, self.environment)


def end_cluster() -> None:
    """Ends the benchmarks' cluster and removes it with its state."""
    command = [sys.executable, "-m", "local", "down", "--cluster", CLUSTER]
    subprocess.run(command, cwd=SOURCE, check=True)


@contextmanager
def copied() -> Iterator[Project]:
    """The copy, removed at the end; its cluster stays, to be ended by `end_cluster`."""
    with TemporaryDirectory(prefix="ekiben-bench-") as folder:
        root = Path(folder)
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in filter(None, said(listing, SOURCE, os.environ).split("\0")):
            if (SOURCE / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(SOURCE / name, root / name)
        (root / ".venv").symlink_to(SOURCE / ".venv")
        yield Project(root)
