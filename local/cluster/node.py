"""The node: one process that makes its namespaces, becomes the first one in them and supervises.

`python -m local.cluster.node CACHE NAME`; what to run stands in the cluster's node.json.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cluster import cgroups, config, files, identity, mounts, network, pods, units
from local.cluster import namespaces as ns
from local.cluster.errors import ClusterError
from local.cluster.layout import INSIDE, Layout
from local.cluster.spawn import Spawner
from local.cluster.supervisor import Supervisor

_CHECKOUT = Path(__file__).resolve().parents[2]
_PODS_GRACE = 10.0


@dataclass(frozen=True)
class NodeSpec:
    """What a node is to run."""

    tools: Mapping[str, Path]
    pause_archive: Path
    egress: bool
    digest: str
    """Of everything that decides how the node runs; a change of it asks for a restart."""

    def save(self, path: Path) -> None:
        value = {
            "tools": {name: str(tool) for name, tool in sorted(self.tools.items())},
            "pause_archive": str(self.pause_archive),
            "egress": self.egress,
            "digest": self.digest,
        }
        files.write_json(path, value)


def load_spec(path: Path) -> NodeSpec:
    """What `NodeSpec.save` wrote."""
    value: dict[str, Any] | None = files.read_json(path)
    if value is None:
        raise ClusterError(f"{path} is missing: a node is started by `python -m local up` only")
    tools = {name: Path(tool) for name, tool in value["tools"].items()}
    return NodeSpec(tools, Path(value["pause_archive"]), value["egress"], value["digest"])


def main(arguments: list[str]) -> None:
    """Start the node and return as soon as its first process is on its way."""
    layout = Layout(Path(arguments[0]), arguments[1])
    lock = os.open(layout.node_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ClusterError(f"cluster {layout.name}: its node already runs") from None
    cgroups.remove(layout.cgroup, cgroups.of_this_machine())
    cgroups.create(layout.cgroup, cgroups.of_this_machine(), os.getpid())
    host_network = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    ns.unshare(ns.CLONE_NEWNS | ns.CLONE_NEWPID)
    go_on, say_go_on = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(say_go_on)
        # Without this word our parent died before anybody could find us: end with it.
        if os.read(go_on, 1):
            _first_process(layout, host_network)
        return
    process = identity.of(pid)
    if process is None:
        raise ClusterError(f"the node ended at once; see {layout.logs / 'node.log'}")
    identity.save(layout.pid_file, process)
    os.write(say_go_on, b"1")


def _first_process(layout: Layout, host_network: int) -> None:
    os.setsid()
    os.chdir("/")
    spec, cluster = load_spec(layout.node_spec), config.load(layout)
    if cluster is None:
        raise ClusterError(f"{layout.config} is missing")
    mounts.prepare(layout, _needed(layout, spec))
    ns.unshare(ns.CLONE_NEWNET)
    network.connect(host_network, layout.host_interface, cluster.ranges)
    everything = units.node_units(cluster, spec.tools, spec.pause_archive, egress=spec.egress)
    list_tasks = units.list_tasks(spec.tools)
    Supervisor(
        everything,
        Spawner(INSIDE / "log", _environment(spec), host_network),
        INSIDE / layout.node_status.name,
        {"spec": spec.digest, "started": time.time(), "boot": identity.boot_id()},
        {"kubelet": lambda: pods.end_all(list_tasks, _PODS_GRACE)},
    ).run()


def _needed(layout: Layout, spec: NodeSpec) -> list[Path]:
    python = [Path(sys.prefix), Path(sys.base_prefix)]
    tools = [place for tool in spec.tools.values() for place in (tool, tool.resolve())]
    return [layout.cache, _CHECKOUT, *python, *(tool.parent for tool in tools)]


def _environment(spec: NodeSpec) -> dict[str, str]:
    """For every unit: programs find each other, and nothing of the caller's is inherited."""
    folders = dict.fromkeys(str(tool.parent) for tool in spec.tools.values() if tool.is_file())
    system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    scratch = INSIDE / "tmp"
    scratch.mkdir(exist_ok=True)
    return {
        "PATH": ":".join([*folders, *system]),
        "HOME": str(INSIDE),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
    }


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ClusterError as error:
        sys.exit(f"error: {error}")
