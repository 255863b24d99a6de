"""Telling processes apart, and holding locks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from local.cluster import identity, lock
from local.cluster.down import down
from local.cluster.layout import Layout
from local.cluster.stop import stop_node
from local.toolchain.progress import SILENT

HOLDER = """
import sys, time
from pathlib import Path
from local.cluster import lock
with lock.held(Path(sys.argv[1]), print):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_saved_process_is_found_while_it_lives(
    sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    process = identity.of(sleeper.pid)
    assert process
    identity.save(tmp_path / "pid", process)
    assert identity.running(tmp_path / "pid") == process
    sleeper.kill()
    sleeper.wait()
    assert identity.running(tmp_path / "pid") is None


def test_a_zombie_does_not_live(sleeper: subprocess.Popen[bytes]) -> None:
    process = identity.of(sleeper.pid)
    assert process
    sleeper.kill()
    deadline = time.monotonic() + 5
    while identity.is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not identity.is_alive(process)  # not waited for: it is still in the process table
    assert Path(f"/proc/{sleeper.pid}").exists()


@pytest.mark.parametrize(
    "recycled", [{"started": 1}, {"boot": "another"}, {"pid_namespace": "pid:[1]"}]
)
def test_the_same_pid_of_another_start_boot_or_namespace_is_another_process(
    recycled: dict[str, object],
) -> None:
    me = identity.of(os.getpid())
    assert me
    assert identity.is_alive(me)
    assert not identity.is_alive(replace(me, **recycled))  # type: ignore[arg-type]


@pytest.mark.parametrize("content", ["", "4711", "{}", '{"pid": 1}', "[1, 2]"])
def test_a_pid_file_that_is_not_ours_means_nobody(content: str, tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(content)
    assert identity.running(tmp_path / "pid") is None


def test_a_command_name_with_parentheses_does_not_confuse(tmp_path: Path) -> None:
    program = tmp_path / "a) S 1 ("
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "60"]) as process:
        try:
            found = identity.start_time(process.pid)
            assert found
            assert found >= (identity.start_time(os.getpid()) or 0)
        finally:
            process.kill()


def test_stopping_spares_the_process_that_got_the_nodes_pid(
    sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    layout = Layout(tmp_path, "spare")
    layout.root.mkdir(parents=True)
    process = identity.of(sleeper.pid)
    assert process
    identity.save(layout.pid_file, replace(process, started=process.started - 1))
    assert stop_node(layout) is False
    assert sleeper.poll() is None
    assert not layout.pid_file.exists()


def test_who_waits_is_told_who_holds(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    told: list[str] = []

    def waiting(who: str) -> None:
        told.append(who)
        holder.kill()  # and the kernel gives the lock on

    with lock.held(tmp_path / "lock", waiting):
        pass
    assert len(told) == 1
    assert f"process {holder.pid} (" in told[0]


def test_a_lock_ends_with_its_holder(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    assert lock.is_held(tmp_path / "lock")
    holder.kill()
    holder.wait()
    assert not lock.is_held(tmp_path / "lock")


def test_a_lock_whose_file_was_removed_by_its_holder_is_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.held(path, lambda _: None):
        path.unlink()
        with lock.held(path, lambda _: pytest.fail("nobody holds the new file")):
            assert lock.is_held(path)


def test_a_shared_lock_is_held_by_many_and_by_nobody_else(tmp_path: Path) -> None:
    path, told = tmp_path / "lock", list[str]()
    with ExitStack() as others:
        for _ in range(2):
            others.enter_context(lock.held(path, told.append, shared=True))
        assert told == []

        def waiting(who: str) -> None:
            told.append(who)
            others.close()

        with lock.held(path, waiting):
            assert len(told) == 1
            assert f"process {os.getpid()} (" in told[0]


def test_a_cluster_is_not_ended_while_somebody_is_at_work_in_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "spare")
    layout.root.mkdir(parents=True)
    ending = threading.Thread(target=down, args=(layout, SILENT))
    with lock.held(layout.use_lock, lambda _: None, shared=True):
        ending.start()
        ending.join(0.5)
        assert ending.is_alive()
        assert layout.root.is_dir()
    ending.join(20)
    assert not layout.root.exists()
