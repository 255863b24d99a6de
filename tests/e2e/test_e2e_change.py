"""A change of a model's code or needs reaches that model, and nothing else."""

import json
import time

import pytest

from tests.e2e.registry import catalogue
from tests.e2e.resources import Resources, changed, name, named
from tests.e2e.team import Team

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def previewed(team: Team) -> dict[str, str]:
    """What a preview would do, by resource; what stays the same left out."""
    steps = json.loads(team.pulumi("preview", "--json").well().out)["steps"]
    return {name(step["urn"]): step["op"] for step in steps if step["op"] != "same"}


def resources(team: Team) -> Resources:
    return named(team.project.resources(team.name))


@pytest.fixture
def pair(team: Team) -> Team:
    """A team with two models that serve."""
    team.small("left")
    team.small("right")
    team.up().well()
    return team


def test_one_line_of_code_changes_one_model(pair: Team) -> None:
    before, images, plan = resources(pair), catalogue(), pair.project.plan(pair.name)["models"]
    # Never seen before: the registry keeps the images of earlier runs of these tests.
    second = f"second, at {time.time()}"
    pair.small("left", answer=second)
    planned = pair.project.plan(pair.name)["models"]
    assert planned["left"]["version"] != plan["left"]["version"]
    assert planned["left"]["image_id"] != plan["left"]["image_id"]
    assert planned["right"] == plan["right"]

    preview = pair.pulumi("preview", "--diff").well().text
    assert planned["left"]["version"] in preview
    touched = {"left-image", "left-deployment", "left-rollout"}
    assert previewed(pair) == dict.fromkeys(touched, "update")
    assert catalogue() == images

    pair.up().well()
    assert changed(before, resources(pair)).keys() == touched
    new = set(catalogue()) - set(images)
    assert new == {f"{pair.name}/left:{planned['left']['image_id']}"}
    assert pair.ask("left").text == second
    assert pair.ask("right").text == "first"

    before = resources(pair)
    pair.small("left", answer=second, compute={"memory": "300Mi"})
    assert pair.planned("left")["image_id"] == planned["left"]["image_id"]
    assert pair.planned("left")["version"] != planned["left"]["version"]
    assert pair.planned("right") == plan["right"]
    assert previewed(pair) == {"left-deployment": "update", "left-rollout": "update"}
    pair.up().well()
    assert changed(before, resources(pair)).keys() == {"left-deployment", "left-rollout"}
    assert pair.ask("left").text == second
