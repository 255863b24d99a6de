"""A change of a model's code or needs reaches that model, and nothing else."""

import json
from typing import Any

import pytest

from tests.e2e.registry import catalogue
from tests.e2e.team import Team

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


def name(urn: str) -> str:
    return urn.rpartition("::")[2]


def by_name(team: Team) -> dict[str, Any]:
    """What the state holds of each resource, without times of changes."""
    return {
        name(resource["urn"]): {k: v for k, v in resource.items() if k != "modified"}
        for resource in team.project.resources(team.name)
    }


def previewed(team: Team) -> dict[str, str]:
    """What a preview would do, by resource; what stays the same left out."""
    steps = json.loads(team.pulumi("preview", "--json").well().out)["steps"]
    return {name(step["urn"]): step["op"] for step in steps if step["op"] != "same"}


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Resources that are not as they were, but for outputs of the stack and of components."""
    assert before.keys() == after.keys()
    return {key for key in before if before[key].get("id") and before[key] != after[key]}


@pytest.fixture
def pair(team: Team) -> Team:
    """A team with two models that serve."""
    team.small("left")
    team.small("right")
    team.up().well()
    return team


def test_one_line_of_code_changes_one_model(pair: Team) -> None:
    before, images, plan = by_name(pair), catalogue(), pair.project.plan(pair.name)["models"]
    pair.small("left", answer="second")
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
    assert changed(before, by_name(pair)) == touched
    new = set(catalogue()) - set(images)
    assert new == {f"{pair.name}/left:{planned['left']['image_id']}"}
    assert pair.ask("left").text == "second"
    assert pair.ask("right").text == "first"

    before = by_name(pair)
    pair.small("left", answer="second", compute={"memory": "300Mi"})
    assert pair.planned("left")["image_id"] == planned["left"]["image_id"]
    assert pair.planned("left")["version"] != planned["left"]["version"]
    pair.up().well()
    assert changed(before, by_name(pair)) == {"left-deployment", "left-rollout"}
    assert pair.ask("left").text == "second"
