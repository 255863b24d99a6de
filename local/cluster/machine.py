"""What this machine can do, asked without changing anything on it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from local.cluster import namespaces as ns
from local.cluster.errors import ClusterError
from local.cluster.settings import Machine

_CAP_SYS_RESOURCE = 24


def check() -> None:
    """Refuse what cannot work, with the reason."""
    if os.geteuid() != 0:
        raise ClusterError(
            "a local cluster needs root: it makes mounts, namespaces and cgroups. Run the command"
            " as root, or use a cluster that exists (`cluster: {kind: existing}` in the stack file)"
        )
    flags = ns.CLONE_NEWNS | ns.CLONE_NEWPID | ns.CLONE_NEWNET
    if not _in_child(lambda: ns.unshare(flags)):
        raise ClusterError(
            "this machine does not let root make mount, PID and network namespaces; inside a"
            " container, start that one privileged"
        )


def architecture() -> Literal["amd64", "arm64"]:
    """This machine's, by the values of the node label `kubernetes.io/arch`."""
    return "arm64" if os.uname().machine in ("aarch64", "arm64") else "amd64"


def may_raise_priority(status: str) -> bool:
    """Whether a /proc/<pid>/status shows CAP_SYS_RESOURCE in force."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(found and int(found[1], 16) >> _CAP_SYS_RESOURCE & 1)


def takes_overlays(folder: Path) -> bool:
    """Whether the file system of `folder` can carry overlay mounts."""
    scratch = folder / "overlay-trial"
    layers = {name: scratch / name for name in ("lower", "upper", "work", "merged")}

    def trial() -> None:
        ns.unshare(ns.CLONE_NEWNS)
        ns.mount("none", Path("/"), flags=ns.MS_REC | ns.MS_PRIVATE)
        options = f"lowerdir={layers['lower']},upperdir={layers['upper']},workdir={layers['work']}"
        ns.mount("overlay", layers["merged"], "overlay", 0, options)

    for layer in layers.values():
        layer.mkdir(parents=True, exist_ok=True)
    try:
        return _in_child(trial)
    finally:
        for inner in (layers["work"] / "work", *layers.values(), scratch):
            if inner.exists():
                inner.rmdir()


def _in_child(act: Callable[[], None]) -> bool:
    """Whether `act` succeeds in a process of its own, which takes all effects with it."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def look(folder: Path, tools: Mapping[str, Path], nameservers: tuple[str, ...]) -> Machine:
    """The facts for the settings of a cluster that lives in `folder`."""
    return Machine(
        snapshotter="overlayfs" if takes_overlays(folder) else "native",
        may_raise_priority=may_raise_priority(Path("/proc/self/status").read_text()),
        cni_plugins=tools["cni"],
        runc=tools["runc"],
        nameservers=nameservers,
    )
