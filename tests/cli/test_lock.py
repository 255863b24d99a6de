"""`ekiben lock` as a person runs it, without a network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NAME = "no-such-package-of-ours"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model that requires a package that nobody publishes."""
    (tmp_path / "Pulumi.yaml").touch()
    model = tmp_path / "models" / "iris"
    model.mkdir(parents=True)
    (model / "service.py").touch()
    (model / "requirements.txt").write_text(f"{NAME}\n")
    return model


def lock(where: Path, model: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ekiben", "lock", model]
    environ = {**os.environ, "UV_OFFLINE": "1"}
    return subprocess.run(
        command, cwd=where, env=environ, capture_output=True, text=True, check=False
    )


def test_packages_that_the_model_excludes_are_not_locked(folder: Path) -> None:
    (folder / "requirements-exclude.txt").write_text(f"{NAME}  # never called\n")
    run = lock(folder, "iris")
    assert (run.returncode, run.stderr) == (0, "")
    text = (folder / "requirements.lock").read_text()
    assert "ekiben lock iris" in text
    assert NAME not in text


def test_the_resolver_tells_why_there_is_no_lock(folder: Path) -> None:
    run = lock(folder, "iris")
    assert run.returncode == 1
    assert NAME in run.stderr
    assert "models/iris/requirements.txt could not be resolved" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (folder / "requirements.lock").exists()


def test_an_unknown_model_is_refused_with_the_nearest_name(folder: Path) -> None:
    run = lock(folder, "irsi")
    assert run.returncode == 1
    assert "models/irsi: no such model; did you mean 'iris'?" in run.stderr
