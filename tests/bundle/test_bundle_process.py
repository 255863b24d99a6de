"""Commands of a build: what they print, how they are ended."""

import io
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from ekiben.bundle.process import GRACE, Runner, Stopped


def runner(said: list[str], log: io.StringIO, cancelled: threading.Event) -> Runner:
    return Runner(
        log=log,
        progress=said.append,
        cancelled=cancelled,
        environ={"PATH": os.environ["PATH"]},
        model="iris",
    )


def script(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_output_goes_to_the_log_and_its_end_to_the_caller() -> None:
    log, said = io.StringIO(), list[str]()
    done = runner(said, log, threading.Event()).run(
        "doing it", script("import os, sys; print(os.environ['WORD']); sys.exit(3)"), WORD="hello"
    )
    assert (done.code, done.lines) == (3, ("hello",))
    assert "hello\n" in log.getvalue()
    assert said == ["doing it"]


def test_a_step_without_a_name_says_nothing() -> None:
    said = list[str]()
    runner(said, io.StringIO(), threading.Event()).run("", script("pass"))
    assert said == []


def ends(path: Path, within: float) -> bool:
    """Whether the process whose number the file holds has ended in time."""
    status = Path("/proc", path.read_text(), "status")
    until = time.monotonic() + within
    while time.monotonic() < until:
        # One that has ended stays listed as a zombie until its new parent looks after it.
        if not status.exists() or "State:\tZ" in status.read_text():
            return True
        time.sleep(0.02)
    return False


def written(path: Path) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if path.exists() and path.read_text():
            return True
        time.sleep(0.02)
    return False


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open(sys.argv[1], "w") as file:
    file.write(str(child.pid))
time.sleep(60)
"""


def test_cancelling_ends_the_whole_group_soon_even_one_that_ignores_sigterm(
    tmp_path: Path,
) -> None:
    cancelled, child = threading.Event(), tmp_path / "child"

    def stop() -> None:
        assert written(child)
        cancelled.set()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(Stopped):
        runner([], io.StringIO(), cancelled).run("stubborn", [*script(STUBBORN), str(child)])
    stopper.join()
    assert ends(child, within=GRACE + 1)


def test_a_build_that_was_cancelled_starts_nothing_more() -> None:
    cancelled = threading.Event()
    cancelled.set()
    began = time.monotonic()
    with pytest.raises(Stopped):
        runner([], io.StringIO(), cancelled).run("late", script("import time; time.sleep(60)"))
    assert time.monotonic() - began < GRACE + 1


def test_the_log_tells_the_command() -> None:
    log = io.StringIO()
    runner([], log, threading.Event()).run("", script("pass"))
    assert log.getvalue().startswith(f"\n$ {sys.executable} -c pass")
