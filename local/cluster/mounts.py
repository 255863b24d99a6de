"""The node's own view of the file system: the host's, with private folders over what it writes to.

Some paths are fixed in the programs (/run/containerd/s, /var/lib/cni, /var/log/containers), and
their parents may be missing on the host. So the node gets /run, /var/lib and /var/log of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from local.cluster import namespaces as ns
from local.cluster.layout import INSIDE, Layout
from local.cluster.settings import REGISTRY_STORAGE

MASKED = (Path("/run"), Path("/var/run"), Path("/var/lib"), Path("/var/log"))

# What the kubelet sets in the kernel as it starts. These are of the whole machine, so it is shown
# files that already hold its wishes.
KERNEL_TUNABLES = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}

_RESOLV_CONF = Path("/etc/resolv.conf")


def hidden(folders: Iterable[Path]) -> list[Path]:
    """Those of `folders` that the masks would hide, outermost only and outermost first."""
    masked = [path for path in sorted({*folders}) if any(path.is_relative_to(m) for m in MASKED)]
    return [p for p in masked if not any(p != o and p.is_relative_to(o) for o in masked)]


def bindings(layout: Layout) -> dict[Path, Path]:
    """Folders of the cluster, by where the node sees them."""
    return {
        INSIDE: layout.root,
        REGISTRY_STORAGE: layout.registry_storage,
        Path("/var/lib/kubelet"): layout.root / "kubelet",
        Path("/var/log/pods"): layout.root / "pod-logs",
    }


def prepare(layout: Layout, needed: Iterable[Path]) -> None:
    """Build the view. For the first process of new mount and PID namespaces only.

    `needed` are folders that the node reads wherever they lie: interpreter, checkout, tools.
    """
    ns.mount("none", Path("/"), flags=ns.MS_REC | ns.MS_PRIVATE)
    sources = dict.fromkeys(hidden(needed))
    targets = {**bindings(layout), **{path: path for path in sources}}
    held = {target: _open(source) for target, source in targets.items()}
    resolv = _RESOLV_CONF.resolve(), _RESOLV_CONF.read_bytes() if _RESOLV_CONF.exists() else b""
    for folder in MASKED:
        if folder.is_dir() and not folder.is_symlink():
            ns.mount("tmpfs", folder, "tmpfs", ns.MS_NOSUID | ns.MS_NODEV, "mode=755")
    for target, descriptor in sorted(held.items()):
        target.mkdir(parents=True, exist_ok=True)
        ns.mount(f"/proc/self/fd/{descriptor}", target, flags=ns.MS_BIND | ns.MS_REC)
        os.close(descriptor)
    if not resolv[0].exists():
        resolv[0].parent.mkdir(parents=True, exist_ok=True)
        resolv[0].write_bytes(resolv[1])
    ns.mount("proc", Path("/proc"), "proc", ns.MS_NOSUID | ns.MS_NODEV | ns.MS_NOEXEC)
    _mask_tunables()
    # The kubelet hands mounts on to pods that ask for it.
    ns.mount("none", Path("/"), flags=ns.MS_REC | ns.MS_SHARED)


def _open(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder, os.O_PATH | os.O_CLOEXEC)


def _mask_tunables() -> None:
    for name, value in KERNEL_TUNABLES.items():
        target = Path("/proc/sys") / name
        if target.exists():
            stand_in = Path("/run/ekiben-tunables") / name.replace("/", ".")
            stand_in.parent.mkdir(exist_ok=True)
            stand_in.write_text(f"{value}\n")
            ns.mount(str(stand_in), target, flags=ns.MS_BIND)
