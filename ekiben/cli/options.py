"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from ekiben.access import Access, access_to
from ekiben.spec import StackSpec, load
from ekiben.spec.files import read
from local.cluster.layout import Layout
from local.cluster.machine import architecture

from .failure import Failure

Stack = Annotated[
    str, typer.Option("--stack", "-s", help="Stack: the middle of stacks/Pulumi.<stack>.yaml.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def project_root() -> Path:
    """The nearest folder above the current one that holds Pulumi.yaml."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise Failure(f"no Pulumi.yaml in {here} or above it; run this inside an Ekiben project")


def load_stack(root: Path, stack: str) -> StackSpec:
    """The checked stack. Raises SpecError."""
    return load(root, stack, machine=architecture())


def project_name(root: Path) -> str:
    """The name under which the engine keeps the project's stacks."""
    return str(read(root, "Pulumi.yaml").plain().get("name", root.name))


def access_of(spec: StackSpec) -> Access:
    """The way into the stack's cluster; a local one is found in the user's cache."""
    return access_to(spec.cluster, lambda name: Layout.of_user(name).result)
