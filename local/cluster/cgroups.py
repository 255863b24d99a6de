"""One cgroup of a cluster in each hierarchy, with one child for the node and one for the pods."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.cluster.errors import ClusterError

_INHERITED = ("cpuset.cpus", "cpuset.mems")


@dataclass(frozen=True)
class Hierarchy:
    """One mounted cgroup file system."""

    root: Path
    unified: bool


def hierarchies(mountinfo: str) -> list[Hierarchy]:
    """The hierarchies in a /proc/<pid>/mountinfo."""
    found: dict[Path, Hierarchy] = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind = after.split()[0]
        if kind in ("cgroup", "cgroup2"):
            root = Path(before.split()[4])
            found[root] = Hierarchy(root, kind == "cgroup2")
    return list(found.values())


def of_this_machine() -> list[Hierarchy]:
    return hierarchies(Path("/proc/self/mountinfo").read_text())


def node(cgroup: str) -> str:
    """Where the node's own processes live."""
    return f"{cgroup}/node"


def pods(cgroup: str) -> str:
    """The kubelet's root."""
    return f"{cgroup}/pods"


def create(cgroup: str) -> None:
    """Make the cluster's cgroups and move this process to the node's."""
    for hierarchy in of_this_machine():
        for path in _downwards(hierarchy.root, node(cgroup), pods(cgroup)):
            path.mkdir(exist_ok=True)
            if hierarchy.unified:
                _delegate(path.parent)
            else:
                _inherit(path)
        (hierarchy.root / node(cgroup) / "cgroup.procs").write_text(str(os.getpid()))


def _downwards(root: Path, *cgroups: str) -> Iterator[Path]:
    seen: dict[Path, None] = {}
    for cgroup in cgroups:
        path = root
        for part in Path(cgroup).parts:
            path = path / part
            seen[path] = None
    return iter(seen)


def _inherit(path: Path) -> None:
    """A new cpuset is empty, and takes no process before it has processors and memory."""
    for name in _INHERITED:
        file = path / name
        if file.exists() and not file.read_text().strip():
            file.write_text((path.parent / name).read_text())


def _delegate(path: Path) -> None:
    """Switch all of the controllers that `path` has on for its children (version 2)."""
    names = (path / "cgroup.controllers").read_text().split()
    enabled = (path / "cgroup.subtree_control").read_text().split()
    for name in names:
        if name in enabled:
            continue
        try:
            (path / "cgroup.subtree_control").write_text(f"+{name}")
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            raise ClusterError(
                f"{path}: the cgroup controller {name!r} cannot be handed on to the cluster,"
                " because processes live in this very cgroup. Inside a container, move them to a"
                " child of it first, or give the container the host's cgroup namespace"
            ) from None


def _trees(cgroup: str) -> list[Path]:
    trees = [hierarchy.root / cgroup for hierarchy in of_this_machine()]
    return [tree for tree in trees if tree.is_dir()]


def remove(cgroup: str, patience: float = 10.0) -> None:
    """Remove the cgroups of a cluster whose processes have ended or are about to."""
    deadline = time.monotonic() + patience
    while left := [tree for tree in _trees(cgroup) if not _remove_tree(tree)]:
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{left[0]}: the cgroup stays busy: a process of the cluster is left in it"
                " (`cat` its cgroup.procs, and those of its children)"
            )
        time.sleep(0.05)


def _remove_tree(tree: Path) -> bool:
    folders = sorted((Path(path) for path, _, _ in os.walk(tree)), reverse=True)
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
    with suppress(OSError):
        tree.parent.rmdir()
    return not tree.exists()
