"""`ekiben up`: checks, then `pulumi up`, then the models' addresses."""

import os
from typing import Annotated

import typer

from . import get
from .engine import Engine, end_with_parent
from .options import Stack, access_of, load_stack, project_name, project_root
from .state import interrupted, read_state, release, state_folder

_ROUTES_SECONDS = 60

ClearStaleLock = Annotated[
    bool, typer.Option("--clear-stale-lock", help="Clear the lock of a run whose process is gone.")
]

Prepare = Annotated[
    bool,
    typer.Option("--prepare", help="First get what is missing: tools, and the local cluster."),
]


def up(
    stack: Stack = "local",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the update.")] = False,
    clear_stale_lock: ClearStaleLock = False,
    prepare: Prepare = False,
    with_parent: Annotated[
        int | None, typer.Option("--with-parent", hidden=True, help="PID to end with.")
    ] = None,
) -> None:
    """Bring the cluster to what the stack says, and print where its models answer.

    Exit status: 0 all models serve their current version; 1 refused, or an update failed.
    """
    # Here and not above, where every command would wait for what only this one needs.
    from .answering import wait_until_answering
    from .machine import in_use
    from .machine import prepare as prepare_machine

    if with_parent:
        end_with_parent(with_parent)
    root = project_root()
    spec = load_stack(root, stack)
    environment = prepare_machine(spec) if prepare else dict(os.environ)
    access = access_of(spec)
    engine = Engine(root=root, stack=stack, environment=environment)
    with in_use(spec):
        _settle(engine, clear_stale_lock)
        status = engine.run("up", *(["--yes", "--skip-preview"] if yes else []))
    if status:
        raise typer.Exit(1)
    found = get.endpoints_of(root, spec, access)
    if access.gateway_url:
        wait_until_answering(found, _ROUTES_SECONDS, lambda line: print(line, flush=True))
    get.show(found)


def _settle(engine: Engine, clear_stale_lock: bool) -> None:
    """Makes the stack where it is new, and clears what a killed run left; raises Failure where its
    state is broken, or in the hands of another run."""
    folder, project, state = state_folder(engine.backend), project_name(engine.root), None
    if folder:
        state = read_state(folder, project, engine.stack)
        release(folder, project, engine.stack, clear_stale_lock)
    if state is None:
        engine.select()
    elif urn := interrupted(state):
        engine.settle(urn)
