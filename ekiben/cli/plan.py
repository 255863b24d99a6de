"""`ekiben plan`: what `pulumi up` would place, printed offline."""

import json
import sys

import yaml

from ekiben.plan import build

from .options import Json, Stack, load_stack, project_root


def plan(stack: Stack = "local", as_json: Json = False) -> None:
    """Print the plan of a stack without engine, cluster or credentials."""
    decided = build(load_stack(project_root(), stack)).plain()
    if as_json:
        print(json.dumps(decided, indent=2))
    else:
        yaml.dump(decided, sys.stdout, Dumper=yaml.CSafeDumper, sort_keys=False, width=100)
