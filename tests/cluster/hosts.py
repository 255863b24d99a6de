"""What a machine looks like from outside of a cluster, to be compared before and after."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from local import toolchain

FOLDERS = ("/etc", "/opt", "/run", "/usr/libexec", "/usr/local", "/var/lib", "/var/log", "/srv")
SYSCTLS = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/bridge/bridge-nf-call-iptables",
    "net/core/somaxconn",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/ip_forward",
    "net/netfilter/nf_conntrack_max",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)


def folders() -> set[str]:
    """Every file and folder where programs of a cluster are wont to write."""
    found: set[str] = set()
    for top in FOLDERS:
        for folder, names, files in os.walk(top):
            found.update(os.path.join(folder, name) for name in (*names, *files))  # noqa: PTH118
    return found


def mounts() -> set[str]:
    """Mount points of this mount namespace."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {" ".join(line.split()[3:5]) for line in lines}


def interfaces() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def routes() -> set[str]:
    return set(Path("/proc/net/route").read_text().splitlines())


def sysctls() -> dict[str, str]:
    paths = ((name, Path("/proc/sys") / name) for name in SYSCTLS)
    return {name: path.read_text() for name, path in paths if path.exists()}


def packet_rules() -> str:
    """All nftables rules of this network namespace, counters left out."""
    nft = toolchain.ensure(["nft"])["nft"]
    done = subprocess.run(
        [nft, "-s", "list", "ruleset"], capture_output=True, text=True, check=True
    )
    return done.stdout


def cgroups() -> set[str]:
    return {folder for folder, _, _ in os.walk("/sys/fs/cgroup") if "ekiben" in folder}


def listening(processes: Mapping[int, psutil.Process]) -> set[tuple[str, int]]:
    """Addresses of this network namespace on which some of the processes listen."""
    return {
        (connection.laddr.ip, connection.laddr.port)
        for connection in psutil.net_connections("inet")
        if connection.laddr
        and connection.status == psutil.CONN_LISTEN
        and connection.pid in processes
    }


def family(pid: int) -> dict[int, psutil.Process]:
    """A process and all below it."""
    first = psutil.Process(pid)
    return {process.pid: process for process in (first, *first.children(recursive=True))}


def lives(process: psutil.Process) -> bool:
    """Whether it still runs; to collect a dead orphan is the machine's own business."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
