"""Following an update on the cluster until it is done or has failed."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ekiben.rollout import causes, message, verdict
from ekiben.rollout.api import Api
from ekiben.rollout.cause import span
from ekiben.rollout.faults import FAULTS, Lasting, classify, pause_after
from ekiben.rollout.progress import line
from ekiben.rollout.reader import Reader
from ekiben.rollout.record import Record, stamp_of
from ekiben.rollout.snapshot import Snapshot, View
from ekiben.rollout.target import RolloutCancelled, RolloutError, Target

POLL_SECONDS = 1.0
# The events are read with every so many readings, and before a failure is believed.
_CLOSELY_EVERY = 3
# The engine placed the Deployment a moment ago; a restarting API server may show it late.
_APPEARS_WITHIN = 10.0


def follow(
    target: Target,
    *,
    progress: Callable[[str], None],
    cancelled: threading.Event,
    api: Api,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Wait until `target` is rolled out; raises RolloutError with the cause when it fails.

    Calls `progress` with a line after each reading. Restarts of the API server and its refusals
    for being busy are waited out, within the deadline.
    """
    pursuit = _Pursuit(
        target=target,
        reader=Reader(api=api, target=target),
        record=Record(api=api, target=target, cancelled=cancelled),
        memory=verdict.begin(time.monotonic(), target.deadline_seconds),
        progress=progress,
    )
    while not cancelled.is_set():
        try:
            if pursuit.look():
                return
        except FAULTS as error:
            cancelled.wait(pursuit.endure(error))
        else:
            cancelled.wait(poll_seconds)
    raise RolloutCancelled(message.cancelled(target))


@dataclass(kw_only=True)
class _Pursuit:
    """The loop's state: what was seen, what is written down, how long something is amiss."""

    target: Target
    reader: Reader
    record: Record
    memory: verdict.Memory
    progress: Callable[[str], None]
    readings: int = 0
    proven: bool = False
    faults: int = 0
    faulty_since: float = 0.0
    astray_since: float | None = None

    def look(self) -> bool:
        """Take one reading and act on it; True when the update is done."""
        if self.readings == 0:
            self.record.check()
        closely = self.readings % _CLOSELY_EVERY == 0
        self.readings += 1
        reading = self.reader.read(closely=closely)
        self.faults = 0
        if reading is None or reading[1].carries != self.target.version:
            self._astray(reading[1] if reading else None)
            return False
        self.astray_since = None
        snapshot, view = reading
        self._prove(snapshot, view)
        outcome = self._judge(view)
        if isinstance(outcome, verdict.Failed) and not closely:
            # Without the events, a container stopped by a probe looks like one that crashed.
            self.readings = 0
            return False
        return self._conclude(outcome, snapshot, view)

    def endure(self, error: Exception) -> float:
        """Take a fault of the API server: for how many seconds to pause, unless it is lasting."""
        now = time.monotonic()
        if self.faults == 0:
            self.faulty_since = now
        self.faults += 1
        for_seconds = now - self.faulty_since
        fault = classify(error, for_seconds)
        if isinstance(fault, Lasting):
            raise RolloutError(message.denied(self.target, fault.reason, fault.advice)) from error
        if now >= self.memory.ends:
            text = message.unreachable(self.target, fault.reason, for_seconds)
            raise RolloutError(text) from error
        reason = message.plain(fault.reason)
        self.progress(f"the API server does not answer ({span(for_seconds)}), trying on: {reason}")
        return min(pause_after(self.faults, fault.after), max(0.0, self.memory.ends - now))

    def _astray(self, view: View | None) -> None:
        """There is no such Deployment, or it carries another version: for a moment only."""
        now = time.monotonic()
        self.astray_since = self.astray_since or now
        for_seconds = now - self.astray_since
        if for_seconds < min(_APPEARS_WITHIN, self.target.deadline_seconds):
            self.progress("waiting for the Deployment to appear with this version")
        elif view is None:
            raise RolloutError(message.missing(self.target, for_seconds))
        else:
            raise RolloutError(message.superseded(self.target, view.carries))

    def _prove(self, snapshot: Snapshot, view: View) -> None:
        if view.ready and not self.proven:
            self.record.prove(stamp_of(snapshot.deployment))
            self.proven = True

    def _judge(self, view: View) -> verdict.Verdict:
        found = causes.find(view)
        self.memory, outcome = verdict.judge(self.memory, view, found, time.monotonic())
        return outcome

    def _conclude(self, outcome: verdict.Verdict, snapshot: Snapshot, view: View) -> bool:
        if isinstance(outcome, verdict.Failed):
            logs = self.reader.logs(outcome.cause)
            if self.proven:
                # The failure is what the user has to hear of, whatever becomes of the record.
                with contextlib.suppress(*FAULTS):
                    self.record.withdraw()
            raise RolloutError(message.failure(self.target, view, outcome, logs))
        self.progress(line(view, datetime.now(UTC)))
        if isinstance(outcome, verdict.Waiting):
            return False
        if view.status.get("availableReplicas", 0):
            self.record.complete(stamp_of(snapshot.deployment))
        return True
