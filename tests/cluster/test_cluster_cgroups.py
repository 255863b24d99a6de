"""cgroups of version 1 and 2, made and removed in the kernel's own hierarchies."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from local.cluster import cgroups
from local.cluster.cgroups import Hierarchy
from local.cluster.errors import ClusterError

MOUNTS = """\
30 27 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw
31 30 0:27 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
32 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
33 27 0:29 / /home rw - ext4 /dev/vda rw
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def process() -> Iterator[int]:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        yield sleeper.pid
        sleeper.kill()


def below(version: int, tmp_name: str) -> Hierarchy | None:
    """A folder of the kernel's, that stands for the root that a container sees."""
    for hierarchy in cgroups.of_this_machine():
        if hierarchy.unified is not (version == 2) or not os.access(hierarchy.root, os.W_OK):
            continue
        control = hierarchy.root / "cgroup.subtree_control"
        if version == 2 and not set(control.read_text().split()) & set(cgroups.CONTROLLERS):
            continue
        root = hierarchy.root / tmp_name
        root.mkdir()
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (root / name).exists():
                (root / name).write_text((hierarchy.root / name).read_text())
        return Hierarchy(root, hierarchy.unified)
    return None


@pytest.fixture(params=[1, 2])
def hierarchy(request: pytest.FixtureRequest) -> Iterator[Hierarchy]:
    found = below(request.param, f"test-{uuid.uuid4().hex[:8]}")
    if found is None:
        pytest.skip(f"no cgroup hierarchy of version {request.param} to write to")
    yield found
    for folder, _, _ in os.walk(found.root, topdown=False):
        with suppress(OSError):
            Path(folder).rmdir()


def members(path: Path) -> list[str]:
    return (path / "cgroup.procs").read_text().split()


def test_hierarchies_of_both_versions_are_found() -> None:
    assert cgroups.hierarchies(MOUNTS) == [
        Hierarchy(Path("/sys/fs/cgroup/memory"), unified=False),
        Hierarchy(Path("/sys/fs/cgroup/unified"), unified=True),
    ]


def test_a_clusters_cgroups_hold_the_node_and_go_away(hierarchy: Hierarchy, process: int) -> None:
    cgroups.create("ekiben/one", [hierarchy], process)
    assert members(hierarchy.root / "ekiben/one/node") == [str(process)]
    assert members(hierarchy.root / "ekiben/one/pods") == []
    os.kill(process, 9)
    os.waitpid(process, 0)
    cgroups.remove("ekiben/one", [hierarchy])
    assert not (hierarchy.root / "ekiben").exists()


def test_one_cluster_is_removed_beside_another(hierarchy: Hierarchy, process: int) -> None:
    cgroups.create("ekiben/two", [hierarchy], process)
    cgroups.create("ekiben/one", [hierarchy], process)
    cgroups.remove("ekiben/two", [hierarchy])
    assert members(hierarchy.root / "ekiben/one/node") == [str(process)]


def test_a_busy_cgroup_is_named(hierarchy: Hierarchy, process: int) -> None:
    cgroups.create("ekiben/one", [hierarchy], process)
    with pytest.raises(ClusterError, match="ekiben/one: the cgroup stays busy"):
        cgroups.remove("ekiben/one", [hierarchy], patience=0.2)


def test_pods_get_the_controllers_even_where_processes_live_in_the_root(process: int) -> None:
    hierarchy = below(2, f"test-{uuid.uuid4().hex[:8]}")
    if hierarchy is None:
        pytest.skip("no cgroup hierarchy of version 2 with controllers")
    root = hierarchy.root
    try:
        with subprocess.Popen(["sleep", "60"]) as tenant:
            (root / "cgroup.procs").write_text(str(tenant.pid))
            cgroups.create("ekiben/one", [hierarchy], process)
            had = set((root / "cgroup.controllers").read_text().split()) & set(cgroups.CONTROLLERS)
            given = set((root / "ekiben/one/pods/cgroup.controllers").read_text().split())
            assert given == had != set()
            os.kill(process, 9)
            os.waitpid(process, 0)
            cgroups.remove("ekiben/one", [hierarchy])
            assert members(root) == [str(tenant.pid)]
            assert (root / "cgroup.subtree_control").read_text().split() == []
            tenant.kill()
    finally:
        for folder, _, _ in os.walk(root, topdown=False):
            Path(folder).rmdir()
