"""Real images, from real Bentos, in a real registry."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.bundle import BundleError, Cancelled
from local.toolchain import ensure
from tests.bundle.shops import SERVICE, Shop, build, shop, source, tiny

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

TOOLS = ("buildah", "mmdebstrap", "docker-registry")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A registry of the tests' own, and the builders' tools on PATH."""
    tools = ensure(TOOLS)
    folders = [str(tools[name].parent) for name in TOOLS]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        folder = tmp_path_factory.mktemp("registry") / "shop"
        with shop(tools["docker-registry"], folder, port) as running:
            yield running


@pytest.fixture
def model(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A model's folder, named after the test so that tests share no repository."""
    name = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")
    return tiny(tmp_path / "models" / name[:40].strip("-"))


def test_a_code_change_moves_almost_nothing_and_the_weights_stay_the_same_blob(
    registry: Shop, model: Path
) -> None:
    first = build(model, registry)
    before, whole = registry.held(), sum(registry.layers(model.name, first.digest).values())
    (model / "service.py").write_text(SERVICE.replace("FACTOR * n", "FACTOR * n + 0"))
    second = build(model, registry)

    old = registry.layers(model.name, first.digest)
    new = registry.layers(model.name, second.digest)
    assert list(old)[:-1] == list(new)[:-1]
    assert list(old)[-1] != list(new)[-1]
    assert list(old.values())[-2] > 3 << 20, "the weights lie below the code"
    assert registry.held() - before <= 0.02 * whole


def test_a_tag_that_is_there_is_adopted_and_nothing_is_built(registry: Shop, model: Path) -> None:
    built = build(model, registry)
    adopted = build(model, registry)
    assert adopted.digest == built.digest
    assert adopted.said == [f"image {source(model).image_id} is there already"]


def test_the_image_is_what_a_restricted_pod_can_run(registry: Shop, model: Path) -> None:
    built = build(model, registry)
    found = registry.config(model.name, built.digest)
    config = found["config"]
    assert isinstance(config, dict)
    assert config["User"] == "1034:1034"
    assert config["Entrypoint"][:4] == ["/app/.venv/bin/python", "-m", "bentoml", "serve"]
    assert config["Labels"]["dev.ekiben.model"] == model.name
    assert config["Labels"]["dev.ekiben.image-id"] == source(model).image_id
    assert "PYTHONDONTWRITEBYTECODE=1" in config["Env"]
    assert found["created"] == "1970-01-01T00:00:00Z"


def refused(model: Path, registry: Shop) -> BundleError:
    """Why the model could not be published; its repository must have stayed empty."""
    with pytest.raises(BundleError) as error:
        build(model, registry)
    assert registry.tags(model.name) == []
    assert error.value.log is not None
    assert error.value.log.exists()
    assert str(error.value.log) in str(error.value)
    return error.value


def test_a_model_that_raises_at_import_is_refused_with_its_own_frames(
    registry: Shop, model: Path
) -> None:
    (model / "service.py").write_text(SERVICE.replace(".read(1)[0]", ".read(0)[0]"))
    error = refused(model, registry)
    assert error.stage == "bento"
    assert error.lines == (
        f'  File "models/{model.name}/service.py", line 5, in <module>',
        "    FACTOR = file.read(0)[0]",
        "IndexError: index out of range",
    )


def test_a_model_that_never_starts_is_refused_by_the_smoke_test(
    registry: Shop, model: Path
) -> None:
    start = "class Tiny:\n    def __init__(self) -> None:\n        raise OSError('no weights')\n"
    (model / "service.py").write_text(SERVICE.replace("class Tiny:\n", start))
    error = refused(model, registry)
    assert error.stage == "smoke"
    assert "ended before it was ready" in error.cause
    assert "OSError: no weights" in error.lines


def test_a_model_whose_sample_fails_is_refused_by_the_smoke_test(
    registry: Shop, model: Path
) -> None:
    (model / "sample.json").write_text(json.dumps({"path": "/times", "body": {"n": "no number"}}))
    error = refused(model, registry)
    assert error.stage == "smoke"
    assert "/times answered 400" in error.cause


def test_requirements_that_contradict_are_refused_with_the_resolver_s_reason(
    registry: Shop, model: Path
) -> None:
    (model / "requirements.txt").write_text("bentoml==1.3.0\n")
    error = refused(model, registry)
    assert error.stage == "requirements"
    assert error.cause.startswith("No solution found")
    assert any("bentoml==1.3.0" in line for line in error.lines)


def test_the_smoke_test_and_the_build_have_no_network(registry: Shop, model: Path) -> None:
    call = f"import socket\nsocket.create_connection(('127.0.0.1', {registry.address[10:]}))\n"
    (model / "service.py").write_text(call + SERVICE)
    error = refused(model, registry)
    assert error.stage == "bento"
    assert error.lines[-1].startswith("ConnectionRefusedError")


def test_two_builds_at_once_are_both_done(registry: Shop, tmp_path: Path) -> None:
    folders = [tiny(tmp_path / "models" / name) for name in ("left", "right", "left-again")]
    (folders[2] / "numbers.bin").write_bytes((folders[0] / "numbers.bin").read_bytes())
    digests: dict[str, str] = {}
    threads = [
        threading.Thread(
            target=lambda f=folder: digests.update({f.name: build(f, registry).digest})
        )
        for folder in folders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(digests) == ["left", "left-again", "right"]


PUBLISH = """
import sys
from functools import partial
from pathlib import Path
from tests.bundle.shops import Shop, build
build(Path(sys.argv[1]), Shop(sys.argv[2], Path("/none")), say=partial(print, flush=True))
"""


def start(folder: Path, registry: Shop) -> "subprocess.Popen[str]":
    """A process that publishes the folder's image and prints its progress."""
    command = [sys.executable, "-c", PUBLISH, str(folder), registry.address]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("moment", ["installing", "building", "smoke test", "pushing"])
def test_a_killed_build_leaves_no_half_image_and_the_next_one_succeeds(
    registry: Shop, tmp_path: Path, moment: str
) -> None:
    folder = tiny(tmp_path / "models" / f"killed-{moment.replace(' ', '-')}")
    if moment == "installing":
        # An environment of its own, so that there is something to install.
        (folder / "requirements.txt").write_text(f"# {time.time_ns()}\n")
    killed = start(folder, registry)
    assert killed.stdout is not None
    assert next((line for line in killed.stdout if line.startswith(moment)), "")
    time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    for tag in registry.tags(folder.name):
        assert moment == "pushing"
        assert registry.layers(folder.name, tag)
    assert build(folder, registry).digest.startswith("sha256:")
    assert registry.tags(folder.name) == [source(folder).image_id]


def test_cancelling_ends_it_within_seconds(registry: Shop, model: Path) -> None:
    (model / "requirements.txt").write_text(f"# {time.time_ns()}\n")
    cancelled, began = threading.Event(), list[float]()

    def say(line: str) -> None:
        if line.startswith("installing"):
            began.append(time.monotonic())
            cancelled.set()

    with pytest.raises(Cancelled):
        build(model, registry, say=say, cancelled=cancelled)
    assert time.monotonic() - began[0] < 5
    assert registry.tags(model.name) == []
