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
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from ekiben.bundle import BundleError, Cancelled
from ekiben.bundle.daemon import Unusable, reached
from local.toolchain import ensure
from tests.bundle.shops import SERVICE, Shop, build, shop, source, tiny

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

TOOLS = ("buildah", "skopeo", "mmdebstrap", "docker-registry")


@pytest.fixture(scope="module", params=["buildah", "docker"])
def builder(request: pytest.FixtureRequest) -> Iterator[str]:
    """The builder that is used, with its tools on PATH."""
    name: str = request.param
    if name == "docker":
        try:
            reached(os.environ, anywhere=True)
        except Unusable as reason:
            pytest.skip(f"no Docker to build with: {reason}")
    folders = [str(path.parent) for path in ensure(TOOLS).values()]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))
        environment.setenv("EKIBEN_BUILDER", name)
        yield name


def opened(folder: Path, *, guarded: bool = False) -> AbstractContextManager[Shop]:
    """A registry of the tests' own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return shop(ensure(TOOLS)["docker-registry"], folder / "shop", port, guarded=guarded)


@pytest.fixture(scope="module")
def registry(builder: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened(tmp_path_factory.mktemp(f"registry-{builder}")) as running:
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
    changed = [n for n, layers in enumerate(zip(old, new, strict=True)) if len({*layers}) > 1]
    assert len(changed) == 1
    assert list(old.values())[changed[0] - 1] > 3 << 20, "the weights lie below the code"
    assert registry.held() - before <= 0.02 * whole
    assert "pulling the base image" not in second.said
    tagged = registry.get(f"vision/{model.name}/manifests/{source(model).image_id}")
    assert tagged.headers["docker-content-digest"] == second.digest


@pytest.mark.usefixtures("builder")
def test_a_registry_with_an_authority_of_its_own_and_a_password_gets_the_image(
    model: Path, tmp_path: Path
) -> None:
    with opened(tmp_path, guarded=True) as registry:
        built = build(model, registry)
        assert registry.tags(model.name) == [source(model).image_id]
        assert registry.layers(model.name, built.digest)


def test_docker_keeps_no_image_that_is_in_the_registry(
    builder: str, registry: Shop, model: Path
) -> None:
    if builder != "docker":
        pytest.skip("of Docker only: buildah has storage of its own")
    command = ["docker", "image", "ls", "--all", "--format={{.Repository}} {{.Tag}}"]
    before = subprocess.check_output(command)
    build(model, registry)
    assert subprocess.check_output(command) == before


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
