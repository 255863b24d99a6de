"""The models of a stack: each folder with what the stack file lays over it, checked and placed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from . import files
from .checked import checked
from .digest import model_source
from .document import Node, merge
from .model import ModelSpec
from .placement import Nowhere, Placement, Placer
from .problems import MOST, Place, Problem, SpecError, nearest
from .stack import Model
from .values import is_model_name


def models_of(
    root: Path, node: Node | None, where: Placer, problems: list[Problem]
) -> dict[str, tuple[Place, Model]]:
    """The stack's models that are whole, with the place where each is named; `where` places them.

    What is wrong with the others is added to `problems`.
    """
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
        model = _model(root, name, given, where, problems)
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
    root: Path, name: str, given: Node, where: Placer, problems: list[Problem]
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
    placement = _placement(name, spec, node, where, problems) if spec and node else None
    platform = f"linux/{placement.architecture}" if placement else "linux/amd64"
    source = None
    try:
        source = model_source(root / folder, folder, platform)
    except SpecError as error:
        problems += error.problems
    if not (root / folder / "requirements.txt").is_file():
        message = "is missing; name there what the service imports, one package a line"
        problems.append(Problem(place=Place(file=f"{folder}/requirements.txt"), message=message))
    if len(problems) > before or spec is None or source is None or placement is None:
        return None
    return Model(name=name, spec=spec, source=source, placement=placement)


def _placement(
    name: str, spec: ModelSpec, node: Node, where: Placer, problems: list[Problem]
) -> Placement | None:
    try:
        return where(spec)
    except Nowhere as nowhere:
        key = f"{files.PREFIX}models.{name}.{nowhere.key}"
        place = node.locate((nowhere.key,))
        problems.append(Problem(place=place, key=key, message=str(nowhere)))
        return None


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
