"""The supervisor over small real processes, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from local.cluster.supervisor import backoff, exit_text

SCRIPT = """
import json, sys
from dataclasses import dataclass
from pathlib import Path
from local.cluster.spawn import Spawner
from local.cluster.supervisor import Supervisor
from local.cluster.units import Unit

folder = Path(sys.argv[1])

@dataclass(frozen=True)
class Flag:
    path: Path
    def __call__(self, pid):
        return self.path.exists()

def unit(name, script, after=(), once=False, patience=5.0, ready="/"):
    return Unit(name, ("/bin/sh", "-c", script), Flag(folder / ready), tuple(after), once=once,
                patience=patience)

units = [unit(**row) for row in json.loads(sys.argv[2])]
ended = {"a": lambda: (folder / "a-has-stopped").touch()}
spawner = Spawner(folder / "log", {"PATH": "/usr/bin:/bin", "D": str(folder)})
Supervisor(units, spawner, folder / "status.json", {"mark": 7}, ended).run()
"""


class Running:
    """A supervisor at work in `folder`."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.process = folder, process

    def status(self) -> Any:
        with suppress(FileNotFoundError):
            return json.loads((self.folder / "status.json").read_text())
        return {"units": {}}

    def unit(self, name: str) -> Any:
        return self.status()["units"].get(name, {})

    def wait(self, condition: Callable[[], Any], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.status()
            assert self.process.poll() is None or condition()
            time.sleep(0.02)

    def wait_phase(self, name: str, phase: str) -> None:
        self.wait(lambda: self.unit(name).get("phase") == phase)


@contextmanager
def supervised(folder: Path, *rows: dict[str, Any]) -> Iterator[Running]:
    command = [sys.executable, "-c", SCRIPT, str(folder), json.dumps(rows)]
    with subprocess.Popen(command, start_new_session=True) as process:
        running = Running(folder, process)
        try:
            yield running
        finally:
            units = running.status()["units"].values()
            process.kill()
            for pid in [unit["pid"] for unit in units if unit["pid"]]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


SLEEP = "exec sleep 60"


def test_a_unit_starts_when_what_it_comes_after_is_ready(tmp_path: Path) -> None:
    first = {"name": "a", "script": SLEEP, "ready": "a-is-ready"}
    then = {"name": "b", "script": SLEEP, "after": ["a"]}
    with supervised(tmp_path, first, then) as running:
        running.wait_phase("a", "starting")
        time.sleep(0.3)
        assert running.unit("b")["phase"] == "waiting"
        (tmp_path / "a-is-ready").touch()
        running.wait_phase("b", "ready")


def test_a_unit_that_dies_is_started_again_and_says_how_it_died(tmp_path: Path) -> None:
    with supervised(tmp_path, {"name": "a", "script": SLEEP}) as running:
        running.wait_phase("a", "ready")
        first = running.unit("a")["pid"]
        os.kill(first, signal.SIGKILL)
        running.wait(lambda: running.unit("a")["pid"] not in (None, first))
        running.wait_phase("a", "ready")
        unit = running.unit("a")
        assert (unit["restarts"], unit["last_exit"]) == (1, "killed by SIGKILL")


def test_a_unit_that_cannot_be_executed_says_why_in_its_log(tmp_path: Path) -> None:
    row = {"name": "a", "script": "exit 3", "ready": "never"}
    with supervised(tmp_path, row) as running:
        running.wait(lambda: running.unit("a").get("restarts", 0) >= 2)
        assert running.unit("a")["last_exit"] == "exited with 3"


def test_a_command_runs_once_and_is_ready_for_good(tmp_path: Path) -> None:
    once = {"name": "a", "script": "echo x >> $D/runs", "once": True}
    with supervised(tmp_path, once, {"name": "b", "script": SLEEP, "after": ["a"]}) as running:
        running.wait_phase("b", "ready")
        time.sleep(1.5)
        assert running.unit("a")["phase"] == "ready"
        assert (tmp_path / "runs").read_text() == "x\n"


def test_a_command_that_fails_is_tried_again(tmp_path: Path) -> None:
    script = "echo x >> $D/runs; test -e $D/may-succeed"
    with supervised(tmp_path, {"name": "a", "script": script, "once": True}) as running:
        running.wait(lambda: running.unit("a").get("restarts", 0) >= 1)
        (tmp_path / "may-succeed").touch()
        running.wait_phase("a", "ready")


def test_sighup_asks_for_another_try_at_once(tmp_path: Path) -> None:
    script = "test -e $D/may-run && exec sleep 60"
    with supervised(tmp_path, {"name": "a", "script": script, "ready": "may-run"}) as running:
        running.wait(lambda: running.unit("a").get("restarts", 0) >= 4)
        (tmp_path / "may-run").touch()
        began = time.monotonic()  # its next try would come in four seconds
        running.process.send_signal(signal.SIGHUP)
        running.wait_phase("a", "ready")
        assert time.monotonic() - began < 2


def test_sigterm_stops_users_before_what_they_use(tmp_path: Path) -> None:
    trap = "trap 'echo {0} >> $D/order; exit' TERM; touch $D/{0}; while :; do sleep 0.1; done"
    rows: list[dict[str, Any]] = [
        {"name": "c", "script": trap.format("c"), "ready": "c"},
        {"name": "b", "script": trap.format("b"), "after": ["c"], "ready": "b"},
        {"name": "a", "script": trap.format("a"), "after": ["b"], "ready": "a"},
    ]
    with supervised(tmp_path, *rows) as running:
        running.wait_phase("a", "ready")
        running.process.terminate()
        assert running.process.wait(10) == 0
        assert (tmp_path / "order").read_text().split() == ["a", "b", "c"]
        assert (tmp_path / "a-has-stopped").exists()
        status = running.status()
    assert (status["phase"], status["mark"]) == ("stopped", 7)
    assert {unit["phase"] for unit in status["units"].values()} == {"stopped"}


def test_a_unit_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    script = "trap '' TERM; touch $D/deaf; while :; do sleep 0.1; done"
    row = {"name": "a", "script": script, "patience": 0.5, "ready": "deaf"}
    with supervised(tmp_path, row) as running:
        running.wait_phase("a", "ready")
        began = time.monotonic()
        running.process.terminate()
        assert running.process.wait(10) == 0
        assert 0.4 < time.monotonic() - began < 5


def test_whoever_looks_sees_that_it_stops_before_anything_has_stopped(tmp_path: Path) -> None:
    script = "trap 'sleep 3; exit 0' TERM; touch $D/deaf; while :; do sleep 0.1; done"
    with supervised(tmp_path, {"name": "a", "script": script, "ready": "deaf"}) as running:
        running.wait_phase("a", "ready")
        running.process.terminate()
        running.wait(lambda: running.status()["phase"] == "stopping", seconds=2)
        assert running.unit("a")["phase"] == "ready"


def test_output_goes_to_a_file_of_the_unit(tmp_path: Path) -> None:
    script = "echo one; echo two >&2; exec sleep 60"
    with supervised(tmp_path, {"name": "a", "script": script}) as running:
        running.wait_phase("a", "ready")
        log = tmp_path / "log/a.log"
        running.wait(lambda: log.read_text().split() == ["one", "two"])


def test_the_status_file_is_not_written_without_news(tmp_path: Path) -> None:
    with supervised(tmp_path, {"name": "a", "script": SLEEP}) as running:
        running.wait_phase("a", "ready")
        before = (tmp_path / "status.json").stat().st_ino
        time.sleep(2.5)
        assert (tmp_path / "status.json").stat().st_ino == before


def test_the_wait_before_a_restart_doubles_up_to_half_a_minute() -> None:
    assert [backoff(failures) for failures in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert backoff(50) == 30.0


@pytest.mark.parametrize(("status", "words"), [(0, "exited with 0"), (9, "killed by SIGKILL")])
def test_a_wait_status_is_told_in_words(status: int, words: str) -> None:
    assert exit_text(status) == words
