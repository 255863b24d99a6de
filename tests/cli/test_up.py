"""`ekiben up` and who started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_an_up_whose_caller_is_gone_already_ends_before_it_does_anything() -> None:
    """`make` may be killed before the command that it started knows of it."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    command = [sys.executable, "-m", "ekiben", "up", "-s", "local", "--with-parent", str(gone.pid)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (-signal.SIGKILL, "", "")


def test_an_up_goes_on_while_its_caller_is_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ekiben", "up", "--with-parent", str(os.getpid())]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("no Pulumi.yaml in ")
