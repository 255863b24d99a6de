"""Preparing a node and starting it, when the one that runs is not the one that is wanted."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from local.cluster import (
    cgroups,
    config,
    files,
    identity,
    images,
    machine,
    network,
    oci,
    pki,
    registry,
    settings,
    stop,
    units,
)
from local.cluster.config import ClusterConfig
from local.cluster.errors import ClusterError
from local.cluster.layout import Layout
from local.cluster.node import NodeSpec
from local.toolchain import Progress

# What runs inside the node: a change of it asks for a restart, as a change of settings does.
_INSIDE = (
    "cgroups",
    "mounts",
    "namespaces",
    "network",
    "node",
    "pods",
    "probes",
    "spawn",
    "supervisor",
)
EGRESS_TOOL = "slirp4netns"
_CHECKOUT = Path(__file__).resolve().parents[2]


def configure(layout: Layout) -> ClusterConfig:
    """The cluster's remembered choices, or new ones."""
    remembered = config.load(layout)
    if remembered is not None:
        return remembered
    if (layout.root / "etcd").exists():
        raise ClusterError(
            f"{layout.config} is missing beside the data of a cluster; `make down"
            f" CLUSTER={layout.name}` removes that data"
        )
    ports = network.free_ports(config.FIRST_PORT)
    return config.choose(layout, network.in_use(), ports)


def ensure_node(
    layout: Layout, cluster: ClusterConfig, tools: Mapping[str, Path], progress: Progress
) -> ClusterConfig:
    """Have the wanted node running (not yet ready); returns the choices as they are now."""
    alive = stop.find_node(layout) is not None
    spec = _prepare(layout, cluster, tools)
    if alive and _runs(layout, spec):
        return cluster
    if alive:
        progress.say("node", "its settings have changed, or it stops already: stopping it")
    stop.stop_node(layout)
    cluster = _check_addresses(layout, cluster, progress)
    spec = _prepare(layout, cluster, tools)
    spec.save(layout.node_spec)
    shutil.rmtree(layout.root / "tmp", ignore_errors=True)
    layout.registry_storage.mkdir(parents=True, exist_ok=True)
    progress.say("node", "starting")
    _spawn(layout)
    return cluster


def _runs(layout: Layout, spec: NodeSpec) -> bool:
    status = files.read_json(layout.node_status) or {}
    return status.get("phase") == "running" and status.get("spec") == spec.digest


def _check_addresses(layout: Layout, cluster: ClusterConfig, progress: Progress) -> ClusterConfig:
    """The machine may have changed since the cluster last ran."""
    block = cluster.ranges.block
    for used in network.in_use():
        if used.prefixlen > 0 and used.overlaps(block):
            raise ClusterError(
                f"the addresses of cluster {layout.name}, {block}, meet {used}, which this machine"
                " uses by now. Free that, or choose anew: `make down"
                f" CLUSTER={layout.name}`, then `make up`"
            )
    if network.is_free(cluster.gateway_port):
        return cluster
    port = next(network.free_ports(cluster.gateway_port + 1))
    progress.say("node", f"port {cluster.gateway_port} is taken: the gateway is at {port} now")
    moved = replace(cluster, gateway_port=port)
    config.save(layout, moved)
    return moved


def _prepare(layout: Layout, cluster: ClusterConfig, tools: Mapping[str, Path]) -> NodeSpec:
    """Write all that the node reads; what has not changed is left alone."""
    pki.ensure(layout.pki, cluster)
    registry.write_client_files(layout, cluster)
    egress = EGRESS_TOOL in tools
    nameservers = (str(cluster.ranges.egress_resolver),) if egress else ()
    credentials = settings.Credentials(
        encryption_key=(layout.pki / "encryption.key").read_text(),
        registry_password=registry.password(layout),
        registry_hash=registry.password_hash(layout),
    )
    facts = machine.look(layout.root, tools, nameservers)
    rendered = settings.render(cluster, facts, credentials, cgroups.pods(layout.cgroup))
    settings.write(layout, cluster, rendered)
    pause = oci.make(images.pause(tools), layout.images)
    archive = layout.root / f"pause-{pause.manifest.path.name[:12]}.tar"
    if not archive.exists():
        oci.archive(pause, f"{cluster.registry}/{settings.PAUSE_IMAGE}", archive)
    everything = units.node_units(cluster, tools, archive, egress=egress)
    digest = _digest(layout, rendered, everything)
    return NodeSpec(dict(tools), archive, egress, digest)


def _digest(layout: Layout, rendered: Mapping[str, str], everything: tuple[units.Unit, ...]) -> str:
    parts = [repr(sorted(rendered.items())), repr(everything)]
    parts += [path.read_text() for path in sorted(layout.pki.glob("*.crt"))]
    parts += [(Path(__file__).parent / f"{name}.py").read_text() for name in _INSIDE]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _spawn(layout: Layout) -> None:
    layout.logs.mkdir(parents=True, exist_ok=True)
    log = layout.logs / "node.log"
    command = [sys.executable, "-m", "local.cluster.node", str(layout.cache), layout.name]
    with log.open("ab") as output:
        begun = output.tell()
        done = subprocess.run(
            command,
            cwd=_CHECKOUT,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            timeout=60,
            check=False,
        )
    if done.returncode != 0:
        raise ClusterError(f"the node did not start:\n{tail(log, begun)}")


_LINE = 300
"""Characters that are shown of a line."""


def tail(log: Path, begin: int = 0, lines: int = 15) -> str:
    """The last lines of a log, from byte `begin` on, or a word in place of none."""
    try:
        with log.open("rb") as file:
            file.seek(max(begin, log.stat().st_size - 64 * 1024))
            text = file.read().decode(errors="replace")
    except OSError:
        return f"(no {log})"
    return "\n".join(line[:_LINE] for line in text.splitlines()[-lines:]) or f"({log} is empty)"


def wait_for_first_status(layout: Layout, seconds: float = 20.0) -> None:
    """Until the supervisor reports, or has died before it could."""
    deadline = time.monotonic() + seconds
    while not layout.node_status.exists():
        dead = identity.running(layout.pid_file) is None
        if dead or time.monotonic() > deadline:
            log = layout.logs / "node.log"
            raise ClusterError(f"the node ended as it started:\n{tail(log)}")
        time.sleep(0.02)
