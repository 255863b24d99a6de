"""A team's stack beside the platform's: small models that share a shipped one's requirements."""

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import yaml

from tests.e2e.commands import Ran
from tests.e2e.project import PLATFORM, Project, gateway

SERVICE = Path(__file__).with_name("small") / "service.py"

QUICK: dict[str, Any] = {
    "compute": {"cpu": "50m", "memory": "256Mi"},
    "update": {"min_ready": "1s", "termination_grace_period": "5s"},
}
"""What lets a small model come and go in seconds."""


@dataclass
class Team:
    """A stack named like its team, whose models lie in folders of the project."""

    project: Project
    name: str
    models: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def folder(self, model: str) -> Path:
        return self.project.root / "models" / model

    def small(self, name: str, *, answer: str = "first", top: str = "", **spec: Any) -> None:
        """Writes the small service as a model, anew where it is there: what it answers, what more
        its code does at import, and what its model.yaml says beside QUICK.

        Its requirements are those of a shipped model, so they are installed and on the node.
        """
        folder = self.folder(name)
        folder.mkdir(exist_ok=True)
        for file in ("requirements.txt", "requirements.lock"):
            shutil.copy(self.project.root / "models" / "iris" / file, folder)
        text = SERVICE.read_text().replace('ANSWER = "first"', f"ANSWER = {answer!r}\n{top}")
        (folder / "service.py").write_text(text)
        merged = {key: {**QUICK.get(key, {}), **value} for key, value in _tables(spec).items()}
        (folder / "model.yaml").write_text(yaml.safe_dump({**QUICK, **spec, **merged}))
        self.models.setdefault(name, {})
        self.write()

    def write(self) -> None:
        """Writes the stack file."""
        settings = {
            "ekiben:team": self.name,
            "ekiben:cluster": {"kind": "stack", "stack": PLATFORM},
            "ekiben:models": {name: dict(over) for name, over in self.models.items()},
        }
        file = self.project.root / "stacks" / f"Pulumi.{self.name}.yaml"
        file.write_text(yaml.safe_dump({"config": settings}))

    def up(self, *more: str) -> Ran:
        return self.project.ekiben("up", "--yes", *more, stack=self.name)

    def running(self, *arguments: str) -> AbstractContextManager["Popen[str]"]:
        """An `ekiben` command that runs meanwhile."""
        return self.project.running(*arguments, stack=self.name)

    def pulumi(self, *arguments: str) -> Ran:
        return self.project.pulumi(*arguments, stack=self.name)

    def kubectl(self, *arguments: str, stdin: str = "") -> Ran:
        return self.project.kubectl("--namespace", self.name, *arguments, stdin=stdin)

    def sees(self, *arguments: str) -> Any:
        return self.project.sees("--namespace", self.name, *arguments)

    def planned(self, model: str) -> dict[str, Any]:
        """What `ekiben plan` decides for one of the models."""
        found: dict[str, Any] = self.project.plan(self.name)["models"][model]
        return found

    def ask(self, model: str, path: str = "/answer", **body: Any) -> httpx.Response:
        """A model's answer over the gateway."""
        with gateway() as client:
            return client.post(f"/{self.name}/{model}{path}", json=body)

    def remove(self) -> None:
        """Takes the team out of the project and, soon, off the cluster."""
        self.project.kubectl("delete", "namespace", self.name, "--ignore-not-found", "--wait=false")
        (self.project.root / "stacks" / f"Pulumi.{self.name}.yaml").unlink()
        self.project.state_file(self.name).unlink(missing_ok=True)
        for name in self.models:
            shutil.rmtree(self.folder(name), ignore_errors=True)


def _tables(spec: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: value for key, value in spec.items() if key in QUICK}
