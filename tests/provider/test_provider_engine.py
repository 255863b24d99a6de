"""The provider under the real Pulumi engine: what people see, and what the state holds."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.provider.engine import Engine, end, make_engine
from tests.provider.small_registry import registry_with
from tests.rollout.situations import (
    IMAGE,
    NEW,
    OLD,
    deployment,
    ended,
    pod,
    replica_set,
    running,
    waiting,
)
from tests.rollout.small_api import World, serving

pytestmark = pytest.mark.engine

DIGEST = f"sha256:{'d' * 64}"
IMAGE_ID = "0123456789abcdef"
FULL: dict[str, Any] = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), 1)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_engine(tmp_path)


@pytest.fixture
def world() -> Iterator[World]:
    """An update that has just begun."""
    begun = World(
        deployment=deployment(replicas=2, updatedReplicas=1, availableReplicas=1),
        replica_sets=[replica_set(), replica_set(OLD, revision=1)],
        pods=[
            pod("a", containers=[waiting("ContainerCreating")]),
            pod("old", version=OLD, revision=1, ready=True),
        ],
    )
    with serving(begun):
        yield begun


def image(address: str, **more: Any) -> dict[str, Any]:
    """The inputs of an Image in the registry at that address."""
    repository = f"{address.removeprefix('http://')}/vision/iris"
    inputs = {"model": "iris", "folder": "models/iris", "imageId": IMAGE_ID}
    return inputs | {"repository": repository, "registry": {"address": address}} | more


def rollout(world: World, version: str = NEW) -> dict[str, Any]:
    """The inputs of a Rollout in that world."""
    return {
        "kubeconfig": world.kubeconfig(),
        "namespace": "vision",
        "model": "iris",
        "deployment": "iris-stable",
        "version": version,
        "image": IMAGE,
        "deadlineSeconds": 30,
    }


def test_an_image_is_unknown_in_preview_adopted_by_up_and_then_unchanged(engine: Engine) -> None:
    with registry_with({f"/v2/vision/iris/manifests/{IMAGE_ID}": DIGEST}) as shelf:
        engine.program(image=("Image", image(shelf.url)))
        preview = engine.run("preview")
        assert (preview.code, shelf.requests) == (0, []), preview.text
        assert "ref   : [unknown]" in preview.text
        made = engine.up()
        assert made.code == 0, made.text
        assert f"{IMAGE_ID} is there already" in made.text
        assert f"vision/iris@{DIGEST}" in made.text
        again = engine.up("--expect-no-changes")
        assert again.code == 0, again.text
        engine.program(image=("Image", image(shelf.url, imageId="f" * 16)))
        changed = engine.run("preview", "--diff")
        assert changed.code == 0, changed.text
        assert f'imageId: "{IMAGE_ID}" => "{"f" * 16}"' in changed.text


def test_wrong_inputs_are_refused_in_preview_by_their_property(engine: Engine) -> None:
    engine.program(image=("Image", image("http://r:1", smoke="maybe", imageID="x")))
    preview = engine.run("preview")
    assert preview.code != 0
    wrong = "property smoke value {maybe} has a problem: expected ready, import or none"
    assert wrong in preview.text
    assert "did you mean imageId?" in preview.text


def test_a_failed_update_tells_its_cause_and_the_next_up_tries_again(
    engine: Engine, world: World
) -> None:
    world.logs["a", True] = "Traceback (of the model)\nValueError: no such weights"
    world.pods[0] = pod("a", containers=[running(restarts=2, lastState=ended(1))])
    engine.program(rollout=("Rollout", rollout(world)))
    failed = engine.up()
    assert failed.code != 0
    # What follows is about the program, which the engine interrupts.
    told = failed.text.split("ekiben:index:Rollout (rollout):")[1].split("pulumi:pulumi:Stack")[0]
    assert f"error: model iris: version {NEW} did not become ready in namespace vision" in told
    assert "cause: crash: container model exited with code 1 after 5 s, 2 restarts" in told
    assert "ValueError: no such weights" in told
    assert f"The old version {OLD} keeps serving 1 of 1 replicas." in told
    assert ".py" not in told
    state = engine.state()
    assert engine.resources() == []
    assert not state.get("pending_operations")

    world.pods, world.deployment = [], deployment(**FULL)
    good = engine.up()
    assert good.code == 0, good.text
    assert engine.resources() == ["ekiben:index:Rollout"]


def test_progress_is_shown_in_the_row_of_the_resource(engine: Engine, world: World) -> None:
    engine.program(rollout=("Rollout", rollout(world)))
    process = engine.start("up", "--yes", "--skip-preview")
    try:
        text = read_until(process, "0 of 1 replicas ready, 1 being created")
        assert "ekiben:index:Rollout rollout creating" in text.splitlines()[-1]
        world.pods, world.deployment = [], deployment(**FULL)
        assert process.wait(20) == 0
    finally:
        end(process)


def test_an_interrupt_ends_the_waiting_and_leaves_no_lock(engine: Engine, world: World) -> None:
    engine.program(rollout=("Rollout", rollout(world)))
    process = engine.start("up", "--yes", "--skip-preview")
    try:
        read_until(process, "being created")
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=60)
    finally:
        end(process)
    assert process.returncode != 0
    assert "stopped waiting for version" in text
    world.pods, world.deployment = [], deployment(**FULL)
    again = engine.up()
    assert again.code == 0, again.text


def test_no_provider_outlives_a_killed_engine(engine: Engine, world: World) -> None:
    engine.program(rollout=("Rollout", rollout(world)))
    process = engine.start("up", "--yes", "--skip-preview")
    try:
        read_until(process, "being created")
        providers = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if any("provider/__main__.py" in part for part in child.cmdline())
        ]
        assert len(providers) == 1
        process.kill()
        _, alive = psutil.wait_procs(providers, timeout=60)
        assert alive == []
    finally:
        end(process)


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """What the command prints, up to the line with these words; it has 40 s."""
    watchdog = threading.Timer(40, process.kill)
    watchdog.start()
    seen, output = "", process.stdout
    assert output is not None
    try:
        for line in output:
            seen += line
            if words in line:
                return seen
    finally:
        watchdog.cancel()
    raise AssertionError(f"{words!r} was never printed:\n{seen}")


def test_many_roll_outs_are_followed_at_once(engine: Engine, world: World) -> None:
    world.pods, world.deployment = [], deployment(**{**FULL, "availableReplicas": 0})
    names = [f"rollout{n}" for n in range(20)]
    engine.program(**{name: ("Rollout", rollout(world)) for name in names})
    finish = threading.Timer(8, lambda: setattr(world, "deployment", deployment(**FULL)))
    finish.start()
    began = time.monotonic()
    made = engine.up("--parallel", "20")
    assert made.code == 0, made.text
    assert time.monotonic() - began < 25
    assert len(engine.resources()) == len(names)
