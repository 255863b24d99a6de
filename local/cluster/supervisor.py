"""Keeps units running: starts them in order, restarts what dies, reaps, caps logs, ends in order.

Runs as the first process of a PID namespace, in one thread; knows nothing of Kubernetes.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cluster import files
from local.cluster.spawn import Spawner
from local.cluster.units import Unit

LOG_CAP = 16 * 1024**2
_FIRST_BACKOFF, _LAST_BACKOFF = 0.5, 30.0
_STEADY = 60.0
"""Seconds of life after which a unit's earlier deaths are forgotten."""
_PROBE_EVERY = 10.0
_HANGS_AFTER = 18
"""Failed probes in a row after which a unit that was ready is taken to hang."""
_TICK_BUSY, _TICK_IDLE = 0.1, 1.0

WAITING, STARTING, READY, BACKOFF = "waiting", "starting", "ready", "backoff"
STOPPED = "stopped"


@dataclass
class State:
    """One unit, as it is now. Times are seconds since boot."""

    unit: Unit
    phase: str = WAITING
    pid: int | None = None
    since: float = 0.0
    restarts: int = 0
    failures: int = 0
    last_exit: str = ""
    next_start: float = 0.0
    next_probe: float = 0.0
    failed_probes: int = 0

    def report(self, offset: float) -> dict[str, Any]:
        """As a dict for the status file; `offset` leads from our clock to Unix time."""
        return {
            "phase": self.phase,
            "pid": self.pid,
            "since": round(self.since + offset, 3),
            "restarts": self.restarts,
            "failed_probes": self.failed_probes,
            "last_exit": self.last_exit,
        }


def backoff(failures: int) -> float:
    """Seconds to wait before the start after the `failures`-th death in a row."""
    return min(_LAST_BACKOFF, _FIRST_BACKOFF * 2.0 ** min(failures - 1, 10))


def exit_text(status: int) -> str:
    """A wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    return f"exited with {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def stop_order(units: Iterable[Unit]) -> list[Unit]:
    """So that each is stopped before what it came after."""
    left = {unit.name: unit for unit in units}
    order: list[Unit] = []
    while left:
        needed = {name for unit in left.values() for name in unit.after}
        free = [unit for name, unit in left.items() if name not in needed]
        if not free:
            raise ValueError(f"units wait for each other: {', '.join(sorted(left))}")
        order += free
        for unit in free:
            del left[unit.name]
    return order


class Supervisor:
    """The loop around the units of one node."""

    def __init__(
        self,
        units: Sequence[Unit],
        spawner: Spawner,
        status_file: Path,
        facts: dict[str, Any],
        after_stop: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        """`facts` go into the status file as they are. `after_stop` maps a unit to what has to
        happen as soon as it has stopped."""
        stop_order(units)
        self._states = {unit.name: State(unit) for unit in units}
        self._spawner = spawner
        self._status_file = status_file
        self._facts = facts
        self._after_stop = dict(after_stop or {})
        self._written: dict[str, Any] | None = None
        self._next_log_check = 0.0
        self._phase = "running"

    def run(self) -> None:
        """Until SIGTERM or SIGINT; then everything has ended. SIGHUP asks for retries now."""
        awaited = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
        for number in awaited:
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
        while True:
            self._step()
            tick = _TICK_IDLE if self._is_settled() else _TICK_BUSY
            got = signal.sigtimedwait(awaited, tick)
            if got and got.si_signo in (signal.SIGTERM, signal.SIGINT):
                break
            if got and got.si_signo == signal.SIGHUP:
                self._forgive()
        self._stop_all()

    def _forgive(self) -> None:
        """Try again at once what would have waited."""
        for state in self._states.values():
            state.failures, state.next_start = 0, 0.0

    def _is_settled(self) -> bool:
        return all(state.phase == READY for state in self._states.values())

    def _step(self) -> None:
        now = time.monotonic()
        self._reap(now)
        for state in self._states.values():
            if state.phase in (WAITING, BACKOFF) and self._may_start(state, now):
                self._start(state, now)
            elif state.phase == STARTING:
                self._check_start(state)
            elif state.phase == READY and state.pid and now >= state.next_probe:
                self._check_life(state, now)
        if now >= self._next_log_check:
            self._next_log_check = now + _PROBE_EVERY
            with suppress(OSError):
                self._spawner.cap_logs(LOG_CAP)
        self._report()

    def _may_start(self, state: State, now: float) -> bool:
        ready = all(self._states[name].phase == READY for name in state.unit.after)
        # A unit that has run before need not wait for its dependencies again: they come back.
        return now >= state.next_start and (ready or state.restarts > 0)

    def _start(self, state: State, now: float) -> None:
        try:
            state.pid = self._spawner.start(state.unit)
        except OSError as error:  # no memory or no process number left
            self._failed(state, str(error), now)
            return
        state.phase, state.since = STARTING, now

    def _check_start(self, state: State) -> None:
        if not state.unit.once and state.unit.ready(state.pid):
            now = time.monotonic()
            state.phase, state.since = READY, now
            state.failed_probes, state.next_probe = 0, now + _PROBE_EVERY

    def _check_life(self, state: State, now: float) -> None:
        state.next_probe = now + _PROBE_EVERY
        if state.unit.ready(state.pid):
            state.failed_probes = 0
            if now - state.since > _STEADY:
                state.failures = 0
            return
        state.failed_probes += 1
        if state.failed_probes >= _HANGS_AFTER and state.pid:
            with suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGKILL)

    def _reap(self, now: float) -> None:
        """Collect whatever has died; orphans of containers come to us too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for state in self._states.values():
                if state.pid == pid:
                    self._died(state, status, now)

    def _died(self, state: State, status: int, now: float) -> None:
        state.pid, state.since = None, now
        state.last_exit = exit_text(status)
        if self._phase == "stopping":
            state.phase = STOPPED
        elif state.unit.once and status == 0:
            state.phase = READY
        else:
            self._failed(state, state.last_exit, now)

    def _failed(self, state: State, how: str, now: float) -> None:
        state.last_exit = how
        state.failures += 1
        state.restarts += 1
        state.phase, state.next_start = BACKOFF, now + backoff(state.failures)

    def _report(self) -> None:
        offset = time.time() - time.monotonic()
        units = {name: state.report(offset) for name, state in self._states.items()}
        # The offset wanders a little: only a change of anything else is news.
        timeless = {name: {**unit, "since": None} for name, unit in units.items()}
        news = {"phase": self._phase, "units": timeless}
        if news == self._written:
            return
        with suppress(OSError):  # a full disk is no reason to take the cluster down
            self._write(units)
            self._written = news

    def _write(self, units: dict[str, Any]) -> None:
        files.write_json(self._status_file, {**self._facts, "phase": self._phase, "units": units})

    def _stop_all(self) -> None:
        self._phase = "stopping"
        self._report()
        for unit in stop_order(state.unit for state in self._states.values()):
            self._stop(self._states[unit.name])
            if then := self._after_stop.get(unit.name):
                with suppress(Exception):  # whatever is left dies with this process
                    then()
        self._phase = "stopped"
        self._report()

    def _stop(self, state: State) -> None:
        deadline = time.monotonic() + state.unit.patience
        number = signal.SIGTERM
        while state.pid:
            with suppress(ProcessLookupError):
                os.kill(state.pid, number)
            while state.pid and time.monotonic() < deadline:
                signal.sigtimedwait({signal.SIGCHLD}, 0.1)
                self._reap(time.monotonic())
            number, deadline = signal.SIGKILL, time.monotonic() + 1.0
        state.phase = STOPPED
