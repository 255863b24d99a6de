"""What may be claimed only once in a cluster: a team's model name and a route, across stacks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from . import files
from .cluster import StackCluster
from .document import Node, merge
from .problems import Place, Problem, SpecError
from .stack import Model, StackFile


@dataclass(frozen=True, kw_only=True)
class _Claim:
    stack: str
    model: str
    what: str
    place: Place


def conflicts(
    root: Path, stack: str, file: StackFile, models: Mapping[str, tuple[Place, Model]]
) -> list[Problem]:
    """Claims of this stack that it makes twice, or that another stack of the cluster makes too."""
    taken: dict[str, _Claim] = {}
    problems = []
    for other in _other_claims(root, stack, file):
        taken.setdefault(other.what, other)
    for name, (place, model) in models.items():
        for what in _claimed(file.team, name, model.spec.endpoint):
            held = taken.setdefault(what, _Claim(stack=stack, model=name, what=what, place=place))
            if (held.stack, held.model) != (stack, name):
                message = (
                    f"claims {what}, which the model {held.model!r} of the stack {held.stack!r}"
                    f" claims at {held.place}; change one of them"
                )
                problems.append(Problem(place=place, key=f"ekiben:models.{name}", message=message))
                break
    return problems


def route(team: str, name: str, endpoint: str | None) -> str:
    """The path of a model on the gateway: the team, then its endpoint."""
    return f"/{team}{endpoint or f'/{name}'}"


def _other_claims(root: Path, stack: str, file: StackFile) -> Iterator[_Claim]:
    home = _home(root, stack, file)
    for name in files.stack_names(root):
        other = _read(root, name) if name != stack else None
        if other and _home(root, name, other[0]) == home:
            yield from _claims(root, name, *other)


def _read(root: Path, stack: str) -> tuple[StackFile, Node] | None:
    """Another stack; None where it is wrong, which its own preview tells."""
    try:
        node = files.settings(files.read_stack(root, stack))
        return StackFile.model_validate(node.plain()), node
    except (SpecError, ValidationError):
        return None


def _home(root: Path, stack: str, file: StackFile) -> object:
    """What tells clusters apart; a stack that names another one lives where that one does."""
    if isinstance(file.cluster, StackCluster):
        below = _read(root, file.cluster.stack)
        if below is None or isinstance(below[0].cluster, StackCluster):
            return stack
        file = below[0]
    return file.cluster.model_dump(include={"kind", "name", "kubeconfig", "context"})


def _claims(root: Path, stack: str, file: StackFile, node: Node) -> Iterator[_Claim]:
    models = node.get("models")
    if models is None or not isinstance(models.value, dict):
        return
    for name, given in models.value.items():
        for what in _claimed(file.team, name, _endpoint(root, name, given)):
            yield _Claim(stack=stack, model=name, what=what, place=models.keys[name])


def _claimed(team: str, name: str, endpoint: str | None) -> tuple[str, str]:
    return f"the model {team}/{name}", f"the route {route(team, name, endpoint)}"


def _endpoint(root: Path, name: str, given: Node) -> str | None:
    try:
        node = files.read(root, f"{files.MODELS}/{name}/model.yaml")
    except SpecError:
        return None
    if given.value is not None:
        node = merge(node, given)
    endpoint = node.get("endpoint")
    return endpoint.value if endpoint and isinstance(endpoint.value, str) else None
