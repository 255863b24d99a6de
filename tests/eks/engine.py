"""The real engine and the real AWS provider on a fake AWS."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.toolchain import ensure
from tests.aws.running import FakeAws
from tests.provider.engine import Engine, Ran

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "program"
SECONDS = 600.0
"""For one command of the engine: the provider waits long between looks at an EKS cluster."""

TOOLS = ["pulumi", "pulumi-language-python", "pulumi-resource-aws"]


@dataclass(frozen=True)
class Platform:
    """A stack of `tests/eks/project` with a state of its own."""

    engine: Engine
    stack: str

    def run(self, *arguments: str) -> Ran:
        return self.engine.run(*arguments, "--stack", self.stack, seconds=SECONDS)

    def done(self, *arguments: str) -> str:
        """What a command says that has to succeed."""
        ran = self.run(*arguments)
        assert ran.code == 0, ran.text
        return ran.text

    def up(self) -> str:
        return self.done("up", "--yes", "--skip-preview")

    def destroy(self) -> str:
        return self.done("destroy", "--yes", "--skip-preview")

    def unguard(self) -> None:
        """What a person does before a guarded cluster may go: `protect: false`, and `pulumi up`."""
        self.done("config", "set", "unguarded", "true")
        self.up()

    def types(self) -> list[str]:
        """Of every AWS resource in the state."""
        exported = json.loads(self.done("stack", "export"))
        found: list[dict[str, Any]] = exported["deployment"].get("resources", [])
        return [each["type"] for each in found if each["type"].startswith("aws:")]


def platform(folder: Path, aws: FakeAws, stack: str) -> Platform:
    """An empty state in `folder` for a stack on the fake AWS."""
    tools = ensure(TOOLS)
    folders = [Path(sys.executable).parent, *(tool.parent for tool in tools.values())]
    home, state = folder / "program", folder / "state"
    shutil.copytree(PROGRAM, home)
    state.mkdir()
    others = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
    engine = Engine(
        home,
        others
        | {
            "PATH": os.pathsep.join([*map(str, folders), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "AWS_ACCESS_KEY_ID": "A" * 20,
            "AWS_SECRET_ACCESS_KEY": "of-a-fake",
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )
    made = engine.run("stack", "init", stack)
    assert made.code == 0, made.text
    return Platform(engine, stack)
