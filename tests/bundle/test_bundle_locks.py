"""Locks between builds: they hold across processes and end with them."""

import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from ekiben.bundle.cache import among_builders, held, slot

HOLD = """
import sys, threading, time
from pathlib import Path
from ekiben.bundle.cache import among_builders, held
kind, path = sys.argv[1], Path(sys.argv[2])
lock = (
    among_builders(path, lambda: None)
    if kind == "builder"
    else held(path, waiting=lambda: None, cancelled=threading.Event())
)
with lock:
    print("held", flush=True)
    time.sleep(60)
"""


def holder(kind: str, path: Path) -> "subprocess.Popen[str]":
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, kind, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_is_waited_for_until_its_holder_is_killed(tmp_path: Path) -> None:
    other, waited = holder("alone", tmp_path / "lock"), list[float]()

    def waiting() -> None:
        waited.append(time.monotonic())
        other.kill()
        other.wait()

    with held(tmp_path / "lock", waiting=waiting, cancelled=threading.Event()) as got:
        assert got
        assert waited


def test_waiting_ends_when_cancelled(tmp_path: Path) -> None:
    other, cancelled = holder("alone", tmp_path / "lock"), threading.Event()
    try:
        with held(tmp_path / "lock", waiting=cancelled.set, cancelled=cancelled) as got:
            assert not got
    finally:
        other.kill()
        other.wait()


def test_there_are_as_many_places_as_said(tmp_path: Path) -> None:
    cancelled = threading.Event()
    with ExitStack() as places:
        taken = [
            places.enter_context(slot(tmp_path, 2, waiting=cancelled.set, cancelled=cancelled))
            for _ in range(3)
        ]
    assert taken == [True, True, False]


def test_only_the_first_of_the_living_cleans_up(tmp_path: Path) -> None:
    cleaned = list[str]()
    other = holder("builder", tmp_path / "builders")
    with among_builders(tmp_path / "builders", lambda: cleaned.append("beside a living one")):
        pass
    other.kill()
    other.wait()
    with among_builders(tmp_path / "builders", lambda: cleaned.append("after its death")):
        pass
    assert cleaned == ["after its death"]
