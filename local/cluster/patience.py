"""Waiting for a cluster, with an eye on the node: what keeps dying is not waited for."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.cluster import files, identity
from local.cluster.errors import ClusterError
from local.cluster.layout import Layout
from local.cluster.start import tail
from local.toolchain import Progress

_GIVE_UP_AFTER = 4
"""Deaths of one component while somebody waits for it."""
_POLL = 0.1


def units(layout: Layout) -> Mapping[str, Any]:
    """The node's units as the supervisor last reported them."""
    found: Mapping[str, Any] = (files.read_json(layout.node_status) or {}).get("units", {})
    return found


@dataclass
class Patience:
    """One person's wait for one cluster; deaths from before it do not count."""

    layout: Layout
    progress: Progress
    _deaths: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Ask for another try of what waits for its next one: its cause may be gone."""
        node = identity.running(self.layout.pid_file)
        before = units(self.layout)
        self._deaths = {name: unit["restarts"] for name, unit in before.items()}
        if node and any(unit["phase"] == "backoff" for unit in before.values()):
            os.kill(node.pid, signal.SIGHUP)

    def wait(self, step: str, seconds: float, trouble: Callable[[], str | None]) -> None:
        """Until there is no trouble any more; a node that died or keeps dying ends the wait."""
        deadline = time.monotonic() + seconds
        while (why := trouble()) is not None:
            self.progress.say(step, why)
            self._check_node()
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"{step}: not ready after {seconds:.0f} s: {why}. Logs are in"
                    f" {self.layout.logs}"
                )
            time.sleep(_POLL)

    def _check_node(self) -> None:
        logs = self.layout.logs
        if identity.running(self.layout.pid_file) is None:
            raise ClusterError(f"the node has ended:\n{tail(logs / 'node.log')}")
        for name, unit in units(self.layout).items():
            deaths = unit["restarts"] - self._deaths.get(name, 0)
            if unit["phase"] == "backoff" and deaths >= _GIVE_UP_AFTER:
                log = logs / f"{name}.log"
                raise ClusterError(
                    f"{name} does not stay up: {unit['last_exit']}, {deaths} times. The end of"
                    f" {log}:\n{tail(log)}"
                )
