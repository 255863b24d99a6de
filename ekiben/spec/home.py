"""Where a stack lives: its cluster, its own or another stack's, and that cluster's region."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import files
from .arns import REGION_PATTERN
from .checked import checked
from .cluster import Cluster, StackCluster
from .document import Node
from .eks import EksCluster
from .machines import machine_problems
from .problems import Problem, SpecError, shown
from .stack import StackFile

REGION = "aws:region"


@dataclass(frozen=True, kw_only=True)
class Home:
    """A stack's cluster; `platform` is the stack that keeps it, where that is another one."""

    cluster: Cluster
    platform: str | None
    region: str | None
    """AWS region of a cluster on AWS."""


@dataclass(frozen=True)
class Written:
    """A stack file: whole, its `ekiben:` part with what was laid over it, and that as a model."""

    document: Node
    node: Node
    file: StackFile


def home_of(root: Path, stack: str, written: Written, problems: list[Problem]) -> Home | None:
    """None, with the reasons added to `problems`, where the stack has no home."""
    named = written.file.cluster
    if not isinstance(named, StackCluster):
        return _own(written, None, problems)
    below = _below(root, stack, named.stack, written.node, problems)
    return _own(below, named.stack, problems) if below else None


def _own(written: Written, platform: str | None, problems: list[Problem]) -> Home | None:
    cluster = written.file.cluster
    assert not isinstance(cluster, StackCluster), "followed already"
    if not isinstance(cluster, EksCluster):
        return Home(cluster=cluster, platform=platform, region=None)
    region = _region(written, problems)
    if region is None:
        return None
    wrong = list(machine_problems(cluster, region, written.node))
    problems += wrong
    return None if wrong else Home(cluster=cluster, platform=platform, region=region)


def _region(written: Written, problems: list[Problem]) -> str | None:
    config = written.document.get("config")
    node = config.get(REGION) if config else None
    if node is None:
        message = "is missing; a cluster of kind eks needs its region, such as us-east-1"
        place = written.node.locate(("cluster",))
        problems.append(Problem(place=place, key=REGION, message=message))
        return None
    if not isinstance(node.value, str) or not re.fullmatch(REGION_PATTERN, node.value, re.ASCII):
        message = f"given {shown(node.value)}; expected a region of AWS such as us-east-1"
        problems.append(Problem(place=node.place, key=REGION, message=message))
        return None
    return node.value


def _below(
    root: Path, stack: str, named: str, node: Node, problems: list[Problem]
) -> Written | None:
    """The stack that keeps the cluster."""
    place = node.locate(("cluster", "stack"))
    key = f"{files.PREFIX}cluster.stack"
    if named == stack:
        problems.append(Problem(place=place, key=key, message="names the stack itself"))
        return None
    try:
        document = files.read_stack(root, named)
        below = files.settings(document)
    except SpecError as error:
        reasons = "; ".join(problem.message for problem in error.problems)
        problems.append(Problem(place=place, key=key, message=f"given {named!r}: {reasons}"))
        return None
    file = checked(StackFile, below, files.PREFIX, problems)
    if file is None:
        return None
    if isinstance(file.cluster, StackCluster):
        message = f"{named!r} keeps no cluster of its own; name {file.cluster.stack!r}"
        problems.append(Problem(place=place, key=key, message=message))
        return None
    return Written(document, below, file)
