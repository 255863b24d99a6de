"""A project on a cluster of its own, and the commands that people run in it."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import yaml

from local.cluster.layout import Layout
from tests.e2e.checkout import ROOT, copy
from tests.e2e.commands import PATIENCE, Ran, run, started

CLUSTER = "e2e" + os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
"""One for each process that runs tests."""

PLATFORM = "local"
"""The stack that keeps the cluster and its gateway, with the shipped models."""

_STACK_FILE = Path("stacks") / f"Pulumi.{PLATFORM}.yaml"

LAYOUT = Layout.of_user(CLUSTER)


@dataclass(frozen=True)
class Project:
    """A checkout's copy. `environ` has what `ekiben env` prints, once that is known."""

    root: Path
    environ: Mapping[str, str]

    def command(self, *arguments: str, stack: str = PLATFORM) -> list[str]:
        return [sys.executable, "-m", "ekiben", arguments[0], "--stack", stack, *arguments[1:]]

    def ekiben(self, *arguments: str, stack: str = PLATFORM, seconds: float = PATIENCE) -> Ran:
        command = self.command(*arguments, stack=stack)
        return run(command, self.root, self.environ, seconds=seconds)

    def running(
        self, *arguments: str, stack: str = PLATFORM
    ) -> AbstractContextManager["Popen[str]"]:
        """An `ekiben` command that runs meanwhile."""
        return started(self.command(*arguments, stack=stack), self.root, self.environ)

    def pulumi(self, *arguments: str, stack: str = PLATFORM) -> Ran:
        command = ["pulumi", *arguments, "--stack", stack, "--non-interactive"]
        return run(command, self.root, self.environ)

    def kubectl(self, *arguments: str, stdin: str = "") -> Ran:
        return run(["kubectl", *arguments], self.root, self.environ, stdin=stdin)

    def shell(self, line: str) -> Ran:
        """What happens when a line is pasted into a shell."""
        return run(["sh", "-c", line], self.root, self.environ)

    def sees(self, *arguments: str) -> Any:
        """What `kubectl get` knows of some objects, as data."""
        return json.loads(self.kubectl("get", *arguments, "--output=json").well().out)

    def resources(self, stack: str = PLATFORM) -> list[dict[str, Any]]:
        """The resources in a stack's state."""
        exported = json.loads(self.pulumi("stack", "export", stack=stack).well().out)
        found: list[dict[str, Any]] = exported["deployment"].get("resources", [])
        return found

    def plan(self, stack: str = PLATFORM) -> dict[str, Any]:
        """What `ekiben plan` decides for a stack."""
        found: dict[str, Any] = json.loads(self.ekiben("plan", "--json", stack=stack).well().out)
        return found

    def state_file(self, stack: str = PLATFORM) -> Path:
        return LAYOUT.state / ".pulumi" / "stacks" / "ekiben" / f"{stack}.json"

    def with_environment(self) -> "Project":
        """The same project in a shell that has evaluated what `ekiben env` prints."""
        lines = self.ekiben("env").well().out.splitlines()
        said = (shlex.split(line)[1].partition("=") for line in lines)
        return Project(self.root, {**self.environ, **{name: value for name, _, value in said}})


def make(root: Path) -> Project:
    """A copy of the checkout whose default stack is on the tests' own cluster, without models."""
    copy(root)
    _edit(root, {"ekiben:cluster": {"kind": "local", "name": CLUSTER}, "ekiben:models": {}})
    known = ("PULUMI_", "EKIBEN_TEST", "KUBECONFIG")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(known)}
    return Project(root, environ)


def place_shipped_models(project: Project) -> None:
    """Puts into the stack file what it names in the checkout."""
    shipped = yaml.safe_load((ROOT / _STACK_FILE).read_text())["config"]["ekiben:models"]
    _edit(project.root, {"ekiben:models": shipped})


def _edit(root: Path, config: Mapping[str, Any]) -> None:
    file = root / _STACK_FILE
    stack = yaml.safe_load(file.read_text())
    stack["config"] |= config
    file.write_text(yaml.safe_dump(stack))


def gateway() -> httpx.Client:
    """A client of the cluster's gateway."""
    url = json.loads(LAYOUT.result.read_text())["gateway"]["url"]
    return httpx.Client(base_url=url, timeout=30, trust_env=False)
