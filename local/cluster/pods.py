"""Ending the pods' processes, which neither the kubelet nor containerd do as they stop."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress


def parse_tasks(listing: str) -> list[int]:
    """The first process of each running container in what `ctr tasks ls` prints."""
    rows = [line.split() for line in listing.splitlines()[1:]]
    return [int(row[1]) for row in rows if len(row) == 3 and row[2] == "RUNNING"]


def end_all(list_tasks: Sequence[str], grace: float) -> None:
    """SIGTERM to every container, then SIGKILL to those that are left after `grace` seconds.

    Runs in the PID namespace above the containers'. Their shims see the ends and record them.
    """
    deadline = time.monotonic() + grace
    pids = _running(list_tasks)
    _signal(pids, signal.SIGTERM)
    while pids and time.monotonic() < deadline:
        time.sleep(0.1)
        pids = [pid for pid in pids if _is_alive(pid)]
    _signal(_running(list_tasks), signal.SIGKILL)


def _running(list_tasks: Sequence[str]) -> list[int]:
    done = subprocess.run(list_tasks, capture_output=True, text=True, timeout=10, check=True)
    return parse_tasks(done.stdout)


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
