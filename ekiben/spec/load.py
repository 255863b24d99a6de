"""Stack file and model folders in, a checked `StackSpec` out; every problem at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import claims, files
from .checked import checked
from .cluster import Architecture
from .digest import model_source
from .document import Node, merge
from .home import Written, home_of
from .model import ModelSpec
from .problems import MOST, Place, Problem, SpecError, nearest
from .stack import Model, StackFile, StackSpec
from .values import is_model_name


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
    images_for = f"linux/{home.architecture or machine}" if home else f"linux/{machine}"
    models = _models(root, node.get("models"), images_for, problems)
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


def _models(
    root: Path, node: Node | None, images_for: str, problems: list[Problem]
) -> dict[str, tuple[Place, Model]]:
    """The stack's models that are whole, with the place where each is named."""
    found: dict[str, tuple[Place, Model]] = {}
    if node is None or not isinstance(node.value, dict):
        return found
    known = files.model_names(root)
    for name, given in node.value.items():
        place = node.keys[name]
        if len(problems) > MOST:
            break
        if not isinstance(given.value, dict | None):
            continue
        if name not in known:
            problems += _no_folder(root, name, place, known)
            continue
        model = _model(root, name, given, images_for, problems)
        if model:
            found[name] = (place, model)
    return found


def _no_folder(root: Path, name: str, place: Place, known: list[str]) -> Iterator[Problem]:
    """A name that no folder may have is a problem of its own, and is never used as a path."""
    if is_model_name(name):
        folder = f"{files.MODELS}/{name}"
        there = (root / folder).is_dir()
        lacks = f"{folder} has no service.py" if there else f"there is no folder {folder}"
        message = f"{lacks}; {nearest(name, known)}"
        yield Problem(place=place, key=f"{files.PREFIX}models.{name}", message=message)


def _model(
    root: Path, name: str, given: Node, images_for: str, problems: list[Problem]
) -> Model | None:
    folder = f"{files.MODELS}/{name}"
    before = len(problems)
    if not files.inside(root, folder):
        problems.append(Problem(place=Place(file=folder), message=files.OUTSIDE))
        return None
    node = model_node(root, name, given, problems)
    found: list[Problem] = []
    spec = checked(ModelSpec, node, "", found) if node else None
    problems += [_from_stack_file(problem, name, given.place.file) for problem in found]
    source = None
    try:
        source = model_source(root / folder, folder, images_for)
    except SpecError as error:
        problems += error.problems
    if not (root / folder / "requirements.txt").is_file():
        message = "is missing; name there what the service imports, one package a line"
        problems.append(Problem(place=Place(file=f"{folder}/requirements.txt"), message=message))
    if len(problems) > before or spec is None or source is None:
        return None
    return Model(name=name, spec=spec, source=source)


def _from_stack_file(problem: Problem, name: str, stack_file: str) -> Problem:
    """The problem with its full key where the value stands in the stack file."""
    if problem.place.file != stack_file:
        return problem
    key = f"{files.PREFIX}models.{name}" + (f".{problem.key}" if problem.key else "")
    return replace(problem, key=key)


def model_node(root: Path, name: str, given: Node, problems: list[Problem]) -> Node | None:
    """`model.yaml` of a folder with what the stack file gives laid over it."""
    file = f"{files.MODELS}/{name}/model.yaml"
    try:
        own = files.read(root, file)
    except SpecError as error:
        problems += error.problems
        return None
    if given.value is None:
        return own
    return merge(own, given)
