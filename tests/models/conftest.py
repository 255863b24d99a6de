"""Serves a model as it is shipped: by Bento, in the environment of its own lock."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.models.shipped import MODELS, Served, environment

READY_DEADLINE = 90  # seconds


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "served: installs a shipped model and serves it")


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest) -> Path:
    """The folder of the model that the test module names in MODEL."""
    return MODELS / str(request.module.MODEL)


@pytest.fixture(scope="module")
def served(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("bentoml")
    log = home / "log"
    port = _free_port()
    address = ["--host", "127.0.0.1", "--port", str(port)]
    command = [environment(folder / "requirements.lock"), "-m", "bentoml", "serve", *address]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, str(folder)],
            cwd=home,
            env={"PATH": os.defpath, "HOME": str(home), "BENTOML_HOME": str(home)}
            | {"BENTOML_DO_NOT_TRACK": "True", "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait_until_ready(client, process, log)
            yield Served(folder=folder, home=home, client=client)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_DEADLINE
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the service ended:\n{log.read_text()}"
        try:
            if client.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail(f"not ready within {READY_DEADLINE} s:\n{log.read_text()}")
