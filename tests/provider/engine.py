"""Running the real Pulumi engine on a small program that uses the provider by path."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.cache import cache_root
from tests.provider.talk import LAUNCHER

PROGRAM = """
import json, pathlib, pulumi

class Made(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, outputs):
        unknown = dict.fromkeys(outputs)
        super().__init__(f"ekiben:index:{kind}", name, {**inputs, **unknown})

for name, (kind, inputs, outputs) in json.loads(pathlib.Path("resources.json").read_text()).items():
    made = Made(kind, name, inputs, outputs)
    for output in outputs:
        pulumi.export(output, getattr(made, output))
"""
OUTPUTS = {"Image": ["digest", "ref"], "Rollout": ["status"]}


@dataclass(frozen=True)
class Ran:
    """A finished command of the engine."""

    code: int
    text: str


@dataclass(frozen=True)
class Engine:
    """A project in a folder whose name has a space, with a state of its own."""

    folder: Path
    environ: Mapping[str, str]

    def program(self, **resources: tuple[str, Mapping[str, Any]]) -> None:
        """Declare these resources: name=(kind, inputs)."""
        declared = {n: (kind, inputs, OUTPUTS[kind]) for n, (kind, inputs) in resources.items()}
        (self.folder / "resources.json").write_text(json.dumps(declared))

    def run(self, *arguments: str, seconds: float = 90) -> Ran:
        """Run a command to its end, which comes within so many seconds."""
        process = self.start(*arguments)
        try:
            text, _ = process.communicate(timeout=seconds)
        finally:
            end(process)
        return Ran(process.returncode, text)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def up(self, *more: str) -> Ran:
        """`pulumi up`."""
        return self.run("up", "--yes", "--skip-preview", *more)

    def state(self) -> dict[str, Any]:
        """The stack's deployment as the state holds it."""
        exported = json.loads(self.run("stack", "export").text)
        found: dict[str, Any] = exported["deployment"]
        return found

    def resources(self) -> list[str]:
        """The types in the state, without the stack itself."""
        types = [r["type"] for r in self.state().get("resources", [])]
        return [t for t in types if t.startswith("ekiben:index:")]


def make_engine(tmp_path: Path) -> Engine:
    """A project and an empty stack; skips where there is no Pulumi engine."""
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), str(cache_root() / "bin"), os.environ["PATH"]]
    )
    if not shutil.which("pulumi", path=path):
        pytest.skip("no Pulumi engine: `make up` builds one")
    folder, state = tmp_path / "a project", tmp_path / "state"
    folder.mkdir()
    state.mkdir()
    plugin = {"name": "ekiben", "path": str(LAUNCHER.parent)}
    project = {"name": "small", "runtime": "python", "plugins": {"providers": [plugin]}}
    (folder / "Pulumi.yaml").write_text(json.dumps(project))
    (folder / "__main__.py").write_text(PROGRAM)
    engine = Engine(
        folder,
        os.environ
        | {
            "PATH": path,
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "EKIBEN_CACHE": str(tmp_path / "cache"),
        },
    )
    made = engine.run("stack", "init", "dev")
    assert made.code == 0, made.text
    return engine


def end(process: "subprocess.Popen[str]") -> None:
    """Kill a command and what it started, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
