"""`ekiben get`: the models of a stack, their versions and addresses."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ekiben.access import Access
from ekiben.plan import build
from ekiben.spec import StackSpec

from .endpoints import Endpoint, endpoints
from .options import Json, Stack, access_of, load_stack, project_root


def get(stack: Stack = "local", as_json: Json = False) -> None:
    """Show where each model of a stack answers, and a request that works."""
    root = project_root()
    spec = load_stack(root, stack)
    found = endpoints_of(root, spec, access_of(spec))
    if as_json:
        rows = [{**asdict(e), "curl": e.curl()} for e in found]
        json.dump(rows, sys.stdout, indent=2)
        print()
    else:
        show(found)


def endpoints_of(root: Path, spec: StackSpec, access: Access) -> list[Endpoint]:
    return endpoints(root, build(spec, access.mirror, access.gateway_address), access)


def show(found: list[Endpoint]) -> None:
    """A table of addresses, then the lines to paste, each whole on a line of its own."""
    table = Table("model", "version", "url", box=None, header_style="bold", pad_edge=False)
    for endpoint in found:
        table.add_row(endpoint.name, endpoint.version, endpoint.url)
    Console(soft_wrap=True, highlight=False).print(table)
    print()
    for endpoint in found:
        print(endpoint.curl())
