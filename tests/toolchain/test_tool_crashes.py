"""Killed at any instant, run twice at once: a tool is whole or absent, and made once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.toolchain.ensure import RECORD, Toolchain
from local.toolchain.places import Places
from tests.toolchain.lamps import Site

RUN = """
import signal
import sys
from pathlib import Path
from tests.toolchain.lamps import Site, lamp
from local.toolchain.ensure import Toolchain
from local.toolchain.keys import Machine
from local.toolchain.places import Places

# A shell's background job, and all that it starts, would not hear of an interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
port, cache = sys.argv[1:]
tool = lamp(Site(port=int(port)).way())
machine = Machine("x86_64", "debian-bookworm", ())
print(Toolchain((tool,), Places(Path(cache)), machine).ensure(["lamp"])["lamp"])
"""

TIED = """
import sys
from pathlib import Path
from local.toolchain.job import Children

child = Children().start(["sh", "-c", "echo $$; exec sleep 60"], {"PATH": "/usr/bin:/bin"}, Path())
print(child.stdout.readline(), end="", flush=True)
child.wait()
"""


def run(site: Site, places: Places) -> subprocess.Popen[str]:
    return python(RUN, str(site.port), str(places.root))


def python(program: str, *arguments: str) -> subprocess.Popen[str]:
    here = Path(__file__).parent
    environ = {**os.environ, "PYTHONPATH": f"{here}:{here.parent.parent}"}
    argv = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environ)


def test_two_runs_at_once_make_it_once(site: Site, places: Places) -> None:
    site.seconds = 1.0
    runs = [run(site, places), run(site, places)]
    paths = {process.communicate(timeout=30)[0].strip() for process in runs}
    assert [process.returncode for process in runs] == [0, 0]
    assert len(paths) == 1
    assert site.asked.count("/lamp-amd64") == 1


def test_a_run_killed_half_way_leaves_no_tool_and_the_next_one_makes_it(
    site: Site, places: Places
) -> None:
    site.seconds = 60.0
    killed = run(site, places)
    assert site.under_way.wait(30)
    killed.kill()
    killed.wait(30)
    assert not list(places.tools.glob("lamp-*"))
    assert list(places.making.iterdir()), "the kill came before the making had begun"

    site.seconds = 0.0
    after = run(site, places)
    path = Path(after.communicate(timeout=30)[0].strip())
    assert path.exists()
    assert not list(places.making.iterdir())


def test_an_interrupt_ends_a_run_that_waits_for_another(site: Site, places: Places) -> None:
    site.seconds = 60.0
    first = run(site, places)
    assert site.under_way.wait(30)
    waiting = run(site, places)
    time.sleep(1.5)
    assert waiting.poll() is None
    waiting.send_signal(signal.SIGINT)
    try:
        assert waiting.wait(60) != 0
        assert first.poll() is None
    finally:
        for process in (first, waiting):
            process.kill()
            process.wait()
    assert site.asked.count("/lamp-amd64") == 1


@pytest.mark.parametrize("lost", [RECORD, "bin/lamp"])
def test_a_folder_that_lacks_something_is_made_anew(
    lamp_chain: Toolchain, site: Site, lost: str
) -> None:
    path = lamp_chain.ensure(["lamp"])["lamp"]
    (path.parent.parent / lost).unlink()
    (tool,) = lamp_chain.tools
    assert lamp_chain.look(tool) is None
    assert lamp_chain.ensure(["lamp"])["lamp"] == path
    assert path.exists()
    assert site.asked.count("/lamp-amd64") == 2


def test_what_we_started_ends_with_us() -> None:
    killed = python(TIED)
    assert killed.stdout is not None
    child = int(killed.stdout.readline())
    os.kill(child, 0)
    killed.send_signal(signal.SIGKILL)
    killed.wait(30)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _runs(child):
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
