"""Stack file and model folders in, a checked `StackSpec` out; every problem at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import claims, files
from .checked import checked
from .cluster import Architecture
from .document import Node
from .home import Written, home_of
from .models import models_of
from .placement import placer
from .problems import Place, Problem, SpecError
from .stack import StackFile, StackSpec


def load(
    root: Path,
    stack: str,
    config: Mapping[str, Any] | None = None,
    machine: Architecture = "amd64",
) -> StackSpec:
    """The stack `stack` of the project at `root`.

    `config` holds values of `ekiben:` keys that stand elsewhere than in the stack file (the
    engine's `--config`); they win. `machine` is this machine's architecture, which a local cluster
    has. Raises SpecError with every problem of the stack and its models.
    """
    document = files.read_stack(root, stack)
    node = _over(files.settings(document), config or {})
    problems: list[Problem] = []
    file = checked(StackFile, node, files.PREFIX, problems)
    home = home_of(root, stack, Written(document, node, file), problems) if file else None
    where = placer(home.cluster if home else None, machine)
    models = models_of(root, node.get("models"), where, problems)
    if file:
        problems += claims.conflicts(root, stack, file, models)
    if problems or file is None or home is None:
        raise SpecError(problems)
    return StackSpec(
        name=stack,
        root=root,
        team=file.team,
        cluster=home.cluster,
        region=home.region,
        platform=home.platform,
        gateway=file.gateway,
        models={name: model for name, (_, model) in models.items()},
    )


def _over(settings: Node, config: Mapping[str, Any]) -> Node:
    """The stack file's settings with those the engine was given elsewhere laid over them."""
    values, keys = dict(settings.value), dict(settings.keys)
    for name, value in config.items():
        if name not in values or values[name].plain() != value:
            keys[name] = Place(file="the engine's configuration")
            values[name] = _node(value, keys[name])
    return Node(values, settings.place, keys)


def _node(value: Any, place: Place) -> Node:
    if isinstance(value, dict):
        children = {str(key): _node(child, place) for key, child in value.items()}
        return Node(children, place, dict.fromkeys(children, place))
    if isinstance(value, list):
        return Node([_node(child, place) for child in value], place, {})
    return Node(value, place, {})
