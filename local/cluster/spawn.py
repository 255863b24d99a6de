"""Starting processes in the right network namespace, their output going to one capped file each."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from local.cluster import namespaces
from local.cluster.units import Unit

_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE)


class Spawner:
    """Starts units; `host_network` is the host's network namespace, where we have left that."""

    def __init__(
        self, logs: Path, environment: Mapping[str, str], host_network: int | None = None
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._environment = dict(environment)
        self._host_network = host_network

    def start(self, unit: Unit) -> int:
        """The new process; one that cannot be executed exits with 127 and says why in its log."""
        pid = os.fork()
        if pid == 0:
            self._become(unit)
        return pid

    def _become(self, unit: Unit) -> NoReturn:
        try:
            log = os.open(self._logs / f"{unit.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
            os.setsid()
            for number in _HANDLED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            if unit.on_host and self._host_network is not None:
                namespaces.enter(self._host_network, namespaces.CLONE_NEWNET)
            os.execve(unit.argv[0], unit.argv, {**self._environment, **unit.environment})
        except BaseException as error:
            os.write(2, f"{unit.argv[0]}: {error}\n".encode())
        os._exit(127)

    def cap_logs(self, cap: int) -> None:
        """Move the content of each log beyond `cap` bytes aside; its writer appends and goes on."""
        for log in self._logs.glob("*.log"):
            if log.stat().st_size > cap and log.name != "audit.log":
                old = log.with_suffix(".log.1")
                old.write_bytes(log.read_bytes())
                os.truncate(log, 0)
