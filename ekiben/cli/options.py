"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

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
