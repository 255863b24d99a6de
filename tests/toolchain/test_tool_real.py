"""Real ways to real tools, the small ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from local.toolchain.ensure import Toolchain
from local.toolchain.places import Places
from local.toolchain.recipe import Debian, Tool, programs
from local.toolchain.status import status

pytestmark = pytest.mark.tools


def test_pause_is_built_collects_orphans_and_ends_when_asked(places: Places) -> None:
    pause = Toolchain(places=places).ensure(["pause"])["pause"]
    if os.geteuid() != 0:
        pytest.skip("a process namespace needs root")
    unshare = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", pause])
    try:
        first = _first_child(unshare.pid)
        orphan = ["nsenter", "--target", str(first), "--pid", "sh", "-c", "sleep 0.2 & "]
        subprocess.run(orphan, check=True, timeout=60)
        time.sleep(0.1)
        assert _children(first), "the orphan did not come to the namespace's first process"
        time.sleep(0.6)
        assert not _children(first)
        os.kill(first, signal.SIGTERM)
        assert unshare.wait(10) == 0
    finally:
        unshare.kill()
        unshare.wait()


@pytest.mark.skipif(not shutil.which("apt-get"), reason="not a Debian")
def test_a_package_is_unpacked_runs_and_stays_uninstalled(places: Places) -> None:
    way = Debian(("hello",), {"hello": "usr/bin/hello"})
    chain = Toolchain((Tool("hello", programs("hello"), (way,)),), places)
    before = Path("/var/lib/dpkg/status").stat()
    hello = chain.ensure(["hello"])["hello"]
    said = subprocess.run([hello], capture_output=True, text=True, check=True).stdout
    assert said == "Hello, world!\n"
    assert Path("/var/lib/dpkg/status").stat() == before
    (row,) = status(None, chain)
    assert row.version.startswith("2.1")


def _children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in told.split()]


def _first_child(pid: int) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if children := _children(pid):
            return children[0]
        time.sleep(0.02)
    raise AssertionError("nothing was started")
