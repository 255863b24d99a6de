"""One cgroup of a cluster in each hierarchy, with one child for the node and one for the pods."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.cluster.errors import ClusterError

_INHERITED = ("cpuset.cpus", "cpuset.mems")
CONTROLLERS = ("cpuset", "cpu", "io", "memory", "pids", "hugetlb")
"""What the kubelet limits pods by."""
_ASIDE = "ekiben-aside"


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


def create(cgroup: str, among: Sequence[Hierarchy], process: int) -> None:
    """Make the cluster's cgroups and move a process to the node's."""
    for hierarchy in among:
        for path in _downwards(hierarchy.root, node(cgroup), pods(cgroup)):
            path.mkdir(exist_ok=True)
            if hierarchy.unified:
                _delegate(path.parent)
            else:
                _inherit(path)
        _procs(hierarchy.root / node(cgroup)).write_text(str(process))


def _procs(path: Path) -> Path:
    return path / "cgroup.procs"


def _downwards(root: Path, *cgroups: str) -> list[Path]:
    paths = [root / Path(*Path(c).parts[:n]) for c in cgroups for n in _depths(c)]
    return list(dict.fromkeys(paths))


def _depths(cgroup: str) -> range:
    return range(1, len(Path(cgroup).parts) + 1)


def _inherit(path: Path) -> None:
    """A new cpuset is empty, and takes no process before it has processors and memory."""
    for name in _INHERITED:
        file = path / name
        if file.exists() and not file.read_text().strip():
            file.write_text((path.parent / name).read_text())


def _delegate(path: Path) -> None:
    """Let the children of `path` have the controllers that it has (version 2)."""
    control = path / "cgroup.subtree_control"
    available = (path / "cgroup.controllers").read_text().split()
    enabled = control.read_text().split()
    for name in CONTROLLERS:
        if name not in available or name in enabled:
            continue
        try:
            control.write_text(f"+{name}")
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            _move(path, path / _ASIDE)
            control.write_text(f"+{name}")


def _move(origin: Path, target: Path) -> None:
    """Move all processes of one cgroup to another.

    Below the true root, a cgroup holds either processes or controllers of its children. Inside a
    container the root that we see is not the true one, and everything starts out living in it.
    """
    target.mkdir(exist_ok=True)
    while left := _procs(origin).read_text().split():
        for process in left:
            with suppress(ProcessLookupError):
                _procs(target).write_text(process)


def remove(cgroup: str, among: Sequence[Hierarchy], patience: float = 10.0) -> None:
    """Remove the cgroups of a cluster whose processes have ended or are about to."""
    deadline = time.monotonic() + patience
    trees = [hierarchy.root / cgroup for hierarchy in among]
    while left := [tree for tree in trees if not _remove_tree(tree)]:
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{left[0]}: the cgroup stays busy: a process of the cluster is left in it"
                " (`cat` its cgroup.procs, and those of its children)"
            )
        time.sleep(0.05)
    for hierarchy in among:
        if (hierarchy.root / _ASIDE).is_dir() and not trees[0].parent.exists():
            _move_back(hierarchy.root)


def _move_back(root: Path) -> None:
    control = root / "cgroup.subtree_control"
    for name in control.read_text().split():
        control.write_text(f"-{name}")
    _move(root / _ASIDE, root)
    (root / _ASIDE).rmdir()


def _remove_tree(tree: Path) -> bool:
    folders = sorted((Path(path) for path, _, _ in os.walk(tree)), reverse=True)
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
    with suppress(OSError):
        tree.parent.rmdir()
    return not tree.exists()
