"""An `up` that has nothing to do does nothing."""

import json
import re

import pytest

from tests.e2e.project import Project
from tests.e2e.registry import catalogue
from tests.e2e.resources import changed, named
from tests.e2e.team import Team

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def test_a_second_up_changes_nothing_and_builds_nothing(project: Project) -> None:
    before, images = named(project.resources()), catalogue()
    said = project.ekiben("up", "--prepare", "--yes").well().out
    assert re.search(r"Resources:\s+\d+ unchanged", said), said
    assert changed(before, named(project.resources())) == {}
    assert catalogue() == images


def test_a_preview_expects_no_changes(project: Project) -> None:
    project.pulumi("preview", "--expect-no-changes").well()


def test_what_the_scaler_does_is_no_change(team: Team) -> None:
    team.small("pair", scaling={"min_replicas": 2})
    team.up().well()
    team.kubectl("wait", "deployment/pair-stable", "--for=jsonpath={.status.readyReplicas}=2")
    assert team.sees("deployment", "pair-stable")["spec"]["replicas"] == 2
    team.pulumi("preview", "--expect-no-changes").well()
    team.pulumi("preview", "--expect-no-changes", "--refresh").well()
    assert json.loads(team.pulumi("stack", "output", "--json").well().out)["versions"] == {
        "pair": team.planned("pair")["version"]
    }
