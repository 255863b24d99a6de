"""A bare program that registers what a real stack registered: same types, inputs and state."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .process import said
from .project import SOURCE, STACK, Project

_STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Bare:
    """A project whose program registers `count` resources from a list."""

    root: Path
    environment: Mapping[str, str]
    count: int


def listed(resources: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What a program has to register, in order; what the engine makes by itself is left out."""
    for one in resources:
        kind, name = one["type"], one["urn"].rpartition("::")[2]
        if kind == _STACK_TYPE or (kind.startswith("pulumi:providers:") and _by_default(name)):
            continue
        yield {
            "urn": one["urn"],
            "type": kind,
            "name": name,
            "custom": one.get("custom", False),
            "inputs": one.get("inputs") or {},
            "parent": one.get("parent"),
            "provider": one.get("provider", "").rpartition("::")[0],
            "after": one.get("dependencies") or [],
        }


def _by_default(name: str) -> bool:
    return name.startswith("default")


def make(root: Path, project: Project, resources: Iterable[Mapping[str, Any]]) -> Bare:
    """Writes the bare project into `root`, with an empty state beside it."""
    found = list(listed(resources))
    shutil.copy(Path(__file__).with_name("bare_program.py"), root / "__main__.py")
    shutil.copy(project.root / "Pulumi.yaml", root / "Pulumi.yaml")
    shutil.copytree(project.root / "provider", root / "provider")
    for folder in ("ekiben", "models"):
        (root / folder).symlink_to(project.root / folder)
    (root / ".venv").symlink_to(SOURCE / ".venv")
    (root / "resources.json").write_text(json.dumps(found))
    (root / "stacks").mkdir()
    (root / "state").mkdir()
    environment = {**project.environment, "PULUMI_BACKEND_URL": f"file://{root / 'state'}"}
    return Bare(root, environment, len(found))


def select(bare: Bare, deployment: str | None = None) -> None:
    """Makes the bare project's stack; `deployment`, an exported one, becomes its state."""
    _say(bare, "select", STACK, "--create", "--non-interactive")
    if deployment is not None:
        file = bare.root / "deployment.json"
        file.write_text(deployment)
        _say(bare, "import", "--stack", STACK, "--file", str(file))


def _say(bare: Bare, *arguments: str) -> None:
    said(["pulumi", "stack", *arguments], bare.root, bare.environment)
