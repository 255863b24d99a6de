"""Ending a node: in order if it can, hard if it must, and removing what a dead one left."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from local.cluster import cgroups, identity, lock, network
from local.cluster.errors import ClusterError
from local.cluster.layout import Layout

_PATIENCE = 60.0
_HARD_PATIENCE = 15.0


def stop_node(layout: Layout) -> bool:
    """End the node if it runs; tells whether it did. Afterwards nothing of it is on the host."""
    process = find_node(layout)
    if process is not None:
        _end(process)
    clean(layout)
    return process is not None


def find_node(layout: Layout) -> identity.ProcessId | None:
    """The live node, if there is one; one that is about to start or to end is waited for."""
    deadline = time.monotonic() + _HARD_PATIENCE
    while (process := identity.running(layout.pid_file)) is None:
        if not lock.is_held(layout.node_lock):
            return None
        if time.monotonic() > deadline:
            raise ClusterError(
                f"cluster {layout.name} runs, but in another PID namespace (in or outside of a"
                f" container that shares {layout.cache}): stop it from there"
            )
        time.sleep(0.05)
    return process


def _end(process: identity.ProcessId) -> None:
    for number, patience in ((signal.SIGTERM, _PATIENCE), (signal.SIGKILL, _HARD_PATIENCE)):
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not identity.is_alive(process):
                return
            time.sleep(0.05)
    raise ClusterError(f"process {process.pid}, the node of the cluster, does not end")


def clean(layout: Layout) -> None:
    """Remove what a dead node may have left outside of its folder."""
    network.remove(layout.host_interface)
    cgroups.remove(layout.cgroup, cgroups.of_this_machine())
    layout.pid_file.unlink(missing_ok=True)
    layout.node_status.unlink(missing_ok=True)
