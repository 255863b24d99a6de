"""Runs a command in namespaces of its own: `isolate.py [--offline] --state FOLDER COMMAND...`.

Its mounts are its own, so that none is left behind on the machine; its processes end when it ends,
and it ends when the process that started it does, however that happens. Offline, it has a loopback
device and nothing else. It sees FOLDER as /var/lib/containers, where buildah keeps what it knows
of registries; the machine's own place of that name is not touched, nor made where there is none.
Needs root and Linux; uses the standard library only.
"""

import argparse
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from pathlib import Path

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 1 << 18
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
PR_SET_PDEATHSIG = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
STATE = Path("/var/lib/containers")

libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: argparse.Namespace) -> int:
    starter = os.getppid()
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), "prctl")
    if os.getppid() != starter:
        return 1
    network = CLONE_NEWNET if arguments.offline else 0
    _check(libc.unshare(CLONE_NEWNS | CLONE_NEWPID | network), "unshare")
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    _cover(STATE, Path(arguments.state))
    if arguments.offline:
        _loopback_up()
    child = os.fork()
    if child == 0:
        _first_process(arguments.command)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _first_process(command: list[str]) -> None:
    """Process 1 of the new namespace: when it ends, the kernel ends all others there."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    worker = os.fork()
    if worker == 0:
        os.execvp(command[0], command)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(worker, signal.SIGTERM))
    while True:
        ended, status = os.wait()
        if ended == worker:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _cover(place: Path, own: Path) -> None:
    """Shows `own` at `place`. Where there is no such place, its parent is covered by a memory file
    system with everything that the parent holds, so that the place can be made there."""
    if not place.exists():
        parent, entries = os.open(place.parent, os.O_PATH), sorted(place.parent.iterdir())
        _mount("none", str(place.parent), "tmpfs", 0)
        for entry in entries:
            _show(Path(f"/proc/self/fd/{parent}") / entry.name, entry)
        os.close(parent)
        place.mkdir()
    _mount(str(own), str(place), "", MS_BIND)


def _show(original: Path, entry: Path) -> None:
    if original.is_symlink():
        entry.symlink_to(original.readlink())
        return
    if original.is_dir():
        entry.mkdir()
    else:
        entry.touch()
    _mount(str(original), str(entry), "", MS_BIND | MS_REC)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh22x", b"lo", 0)
        _, flags = struct.unpack("16sh22x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    result = libc.mount(source.encode(), target.encode(), kind.encode() or None, flags, None)
    _check(result, f"mount {target}")


def _check(result: int, call: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        sys.exit(f"{call}: {os.strerror(error)}; building images this way needs root")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--state", required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    sys.exit(main(parser.parse_args()))
