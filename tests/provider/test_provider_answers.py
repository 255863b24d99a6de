"""The provider process answers the engine: check, diff, create, read, cancel, and its end."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import psutil
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]

from provider.project import find_root
from tests.provider.small_registry import registry_with
from tests.provider.talk import LAUNCHER, UNKNOWN, Talk, plain, talking
from tests.rollout.situations import IMAGE, NEW, deployment
from tests.rollout.small_api import World, serving

DIGEST = f"sha256:{'d' * 64}"
IMAGE_ID = "0123456789abcdef"
IMAGE_INPUTS: dict[str, Any] = {
    "model": "iris",
    "folder": "models/iris",
    "imageId": IMAGE_ID,
    "repository": "registry:5000/vision/iris",
    "registry": {"address": "registry:5000", "caFile": None},
}
ROLLOUT_INPUTS: dict[str, Any] = {
    "kubeconfig": "/nonexistent/kubeconfig",
    "namespace": "vision",
    "model": "iris",
    "deployment": "iris-stable",
    "version": NEW,
    "image": IMAGE,
    "deadlineSeconds": 30,
    "spec": "{}",
}


@pytest.fixture(scope="module")
def image() -> Iterator[Talk]:
    with talking("Image") as talk:
        yield talk


@pytest.fixture(scope="module")
def rollout() -> Iterator[Talk]:
    with talking("Rollout") as talk:
        yield talk


def test_good_inputs_pass_and_get_their_defaults(image: Talk, rollout: Talk) -> None:
    inputs, failures = image.check({**IMAGE_INPUTS, "digest": None, "ref": None})
    assert failures == {}
    assert (inputs["platform"], inputs["smoke"]) == ("linux/amd64", "ready")
    assert rollout.check({**ROLLOUT_INPUTS, "context": None})[1] == {}


def test_values_that_are_not_known_yet_pass(image: Talk, rollout: Talk) -> None:
    unknown = {**IMAGE_INPUTS, "registry": {"address": UNKNOWN}, "repository": UNKNOWN}
    assert image.check(unknown)[1] == {}
    assert image.check({**IMAGE_INPUTS, "registry": UNKNOWN})[1] == {}
    assert rollout.check({**ROLLOUT_INPUTS, "image": UNKNOWN})[1] == {}


WRONG_IMAGE_INPUTS = {
    "model": ("Iris!", "expected a model's name"),
    "folder": ("../secrets", "expected a folder inside the project"),
    "imageId": ("latest", "expected 16 hexadecimal characters"),
    "repository": ("iris:latest", "expected an image repository without tag"),
    "platform": ("linux", "expected os/architecture"),
    "smoke": (True, "expected ready, import or none"),
    "registry.address": ({"caFile": "ca.pem"}, "it is missing; expected host:port of the registry"),
    "registry.authFile": (
        {"address": "r:1", "authFile": 5},
        "given 5.0; expected a file of registry credentials",
    ),
    "registry": ("registry:5000", "expected an object"),
    "imageID": (IMAGE_ID, "there is no such input; did you mean imageId?"),
}


@pytest.mark.parametrize(("path", "case"), WRONG_IMAGE_INPUTS.items(), ids=WRONG_IMAGE_INPUTS)
def test_a_wrong_input_is_named_with_what_was_expected(image: Talk, path: str, case: Any) -> None:
    given, words = case
    failures = image.check({**IMAGE_INPUTS, path.partition(".")[0]: given})[1]
    assert list(failures) == [path]
    assert words in failures[path]


def test_all_wrong_inputs_are_told_at_once(rollout: Talk) -> None:
    wrong = {"version": "latest", "image": "iris:1", "deadlineSeconds": 0, "spec": "[1]"}
    failures = rollout.check({**ROLLOUT_INPUTS, **wrong})[1]
    assert set(failures) == set(wrong)


FOLDERS = {"a/../b": False, "/etc": False, "..": False, "a/..": False, "a..b/c": True, "a": True}


@pytest.mark.parametrize(("folder", "accepted"), FOLDERS.items(), ids=FOLDERS)
def test_no_folder_outside_the_project_is_accepted(
    image: Talk, folder: str, accepted: bool
) -> None:
    assert (image.check({**IMAGE_INPUTS, "folder": folder})[1] == {}) is accepted


def test_only_another_image_or_place_makes_an_image_again(image: Talk) -> None:
    state = {**IMAGE_INPUTS, "platform": "linux/amd64", "smoke": "ready", "digest": DIGEST}
    same = {**state, "folder": "elsewhere", "smoke": "none", "registry": {"address": "other:1"}}
    assert image.diff(state, same).changes == image.diff(state, state).changes == 1
    for name, value in (("imageId", "f" * 16), ("repository", "r/x"), ("platform", "linux/arm64")):
        changed = image.diff(state, {**state, name: value})
        assert (changed.changes, list(changed.diffs), list(changed.replaces)) == (2, [name], [])


def test_a_roll_out_is_made_again_by_version_and_replaced_by_place(rollout: Talk) -> None:
    state = {**ROLLOUT_INPUTS, "status": "ready"}
    same = {**state, "deadlineSeconds": 9, "kubeconfig": "/other", "by": "ada"}
    assert rollout.diff(state, same).changes == 1
    assert list(rollout.diff(state, {**state, "version": "f" * 8}).replaces) == []
    assert list(rollout.diff(state, {**state, "image": UNKNOWN}).diffs) == ["image"]
    moved = rollout.diff(state, {**state, "namespace": "other"})
    assert list(moved.replaces) == ["namespace"]


def test_a_preview_builds_nothing_and_leaves_unknown_what_is_to_come(
    image: Talk, rollout: Talk
) -> None:
    made = plain(image.create({**IMAGE_INPUTS, "folder": "not/there"}, preview=True).properties)
    assert (made["digest"], made["ref"], made["imageId"]) == (UNKNOWN, UNKNOWN, IMAGE_ID)
    waited = plain(rollout.create({**ROLLOUT_INPUTS, "image": UNKNOWN}, preview=True).properties)
    assert waited["status"] == UNKNOWN


def test_an_image_that_the_registry_has_is_adopted(tmp_path: Path) -> None:
    manifest = f"/v2/vision/iris/manifests/{IMAGE_ID}"
    by_digest = f"/v2/vision/iris/manifests/{DIGEST}"
    with (
        registry_with({manifest: DIGEST, by_digest: DIGEST}) as shelf,
        talking("Image", EKIBEN_CACHE=str(tmp_path)) as talk,
    ):
        repository = f"{shelf.url.removeprefix('http://')}/vision/iris"
        wanted = {**IMAGE_INPUTS, "repository": repository, "registry": {"address": shelf.url}}
        inputs = talk.check(wanted)[0]
        made = talk.create(inputs)
        assert made.id == "iris"
        state = plain(made.properties)
        assert (state["digest"], state["ref"]) == (DIGEST, f"{repository}@{DIGEST}")
        assert {line.message for line in talk.display.logged} == {
            f"image {IMAGE_ID} is there already"
        }
        assert {(line.urn, line.ephemeral) for line in talk.display.logged} == {(talk.urn, True)}
        assert talk.read(state, inputs).id == "iris"
        del shelf.images[by_digest]
        assert talk.read(state, inputs).id == ""


def refused(answer: Any) -> tuple[grpc.StatusCode, str]:
    """The status and the text of an answer that has to be an error."""
    with pytest.raises(grpc.RpcError) as caught:
        answer()
    return caught.value.code(), caught.value.details()


def test_a_users_mistake_reaches_the_user_as_plain_text(rollout: Talk) -> None:
    code, text = refused(lambda: rollout.create(ROLLOUT_INPUTS))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert text.startswith("cannot use /nonexistent/kubeconfig: ")
    assert "Traceback" not in text
    assert ".py" not in text


def test_a_resource_that_the_provider_does_not_have_is_named() -> None:
    with talking("Imagge") as talk:
        code, text = refused(lambda: talk.create({}))
    assert (code, text) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "the ekiben provider has no ekiben:index:Imagge, "
        "only ekiben:index:Image and ekiben:index:Rollout.",
    )


def test_a_refresh_finds_whether_the_version_is_still_there(rollout: Talk) -> None:
    world = World(deployment=deployment())
    with serving(world):
        inputs = {**ROLLOUT_INPUTS, "kubeconfig": world.kubeconfig()}
        state = {**inputs, "status": "ready"}
        assert rollout.read(state, inputs).id == "iris"
        world.deployment = deployment(version="f" * 8)
        assert rollout.read(state, inputs).id == ""
        world.deployment = None
        assert rollout.read(state, inputs).id == ""
    assert "cannot read Deployment" in refused(lambda: rollout.read(state, inputs))[1]


def test_cancelling_ends_what_runs_with_an_error_that_says_so() -> None:
    world = World(deployment=deployment(seen=1))
    with serving(world), talking("Rollout") as talk:
        inputs = {**ROLLOUT_INPUTS, "kubeconfig": world.kubeconfig()}
        waiting = [talk.create_later(inputs) for _ in range(6)]
        while len({line.message for line in talk.display.logged}) < 1:
            time.sleep(0.05)
        assert not any(each.done() for each in waiting)
        talk.stub.Cancel(empty_pb2.Empty())
        for each in waiting:
            assert "stopped waiting for version" in refused(lambda each=each: each.result(3))[1]


def test_the_provider_ends_when_the_engine_is_killed() -> None:
    script = f"import subprocess, time; subprocess.Popen([{str(LAUNCHER)!r}, '127.0.0.1:1'], " + (
        "stdout=subprocess.DEVNULL); time.sleep(60)"
    )
    engine = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 20
    children: list[psutil.Process] = []
    while not any("__main__.py" in part for c in children for part in c.cmdline()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        children = psutil.Process(engine.pid).children()
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert (len(gone), alive) == (1, [])


def test_the_provider_starts_in_a_checkout_whose_path_has_spaces(tmp_path: Path) -> None:
    checkout = tmp_path / "my checkout"
    for name in ("provider", "ekiben", ".venv"):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).symlink_to(LAUNCHER.parents[1] / name)
    with talking("Image", launcher=checkout / "provider" / LAUNCHER.name) as talk:
        assert talk.check(IMAGE_INPUTS)[1] == {}


def test_folders_are_relative_to_the_project_that_the_engine_runs(tmp_path: Path) -> None:
    home, project = tmp_path / "checkout", tmp_path / "project"
    (project / "program").mkdir(parents=True)
    assert find_root(project / "program", home) == home
    (project / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    assert find_root(project / "program", home) == project
    assert find_root(project, home) == project
