"""Runs a command in namespaces of its own: `isolate.py [--offline] COMMAND...`.

Its mounts are its own, so that none is left behind on the machine; its processes end when it ends,
and it ends when the process that started it does, however that happens. Offline, it has a loopback
device and nothing else. Needs root and Linux; uses the standard library only.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
MS_REC, MS_PRIVATE, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x4000, 1 << 18, 2, 4, 8
PR_SET_PDEATHSIG = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


def main(offline: bool, command: list[str]) -> int:
    starter = os.getppid()
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), "prctl")
    if os.getppid() != starter:
        return 1
    _check(libc.unshare(CLONE_NEWNS | CLONE_NEWPID | (CLONE_NEWNET if offline else 0)), "unshare")
    _check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    if offline:
        _loopback_up()
    child = os.fork()
    if child == 0:
        _first_process(command)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _first_process(command: list[str]) -> None:
    """Process 1 of the new namespace: when it ends, the kernel ends all others there."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    _check(libc.mount(b"proc", b"/proc", b"proc", flags, None), "mount /proc")
    worker = os.fork()
    if worker == 0:
        os.execvp(command[0], command)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(worker, signal.SIGTERM))
    while True:
        ended, status = os.wait()
        if ended == worker:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh22x", b"lo", 0)
        _, flags = struct.unpack("16sh22x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def _check(result: int, call: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        sys.exit(f"{call}: {os.strerror(error)}; building images this way needs root")


if __name__ == "__main__":
    wants_offline = sys.argv[1:2] == ["--offline"]
    sys.exit(main(wants_offline, sys.argv[2 if wants_offline else 1 :]))
