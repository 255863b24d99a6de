"""What others did to our objects is seen and repaired; what is theirs is left alone."""

import json
import re
from typing import Any

import pytest

from tests.e2e.team import Team

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def service(name: str) -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, labels: {{made-by: hand}}}}
spec: {{selector: {{app: other}}, ports: [{{port: 8080}}]}}
"""


def memory(team: Team) -> Any:
    (container,) = team.sees("deployment", "model-stable")["spec"]["template"]["spec"]["containers"]
    return container["resources"]["limits"]["memory"]


def test_a_deployment_edited_by_hand_is_shown_and_repaired(team: Team) -> None:
    team.small("model")
    team.up().well()
    edit = '[{"op": "replace", "path": "/spec/template/spec/containers/0/resources/limits/memory",'
    patch = f'{edit} "value": "333Mi"}}]'
    team.kubectl("patch", "deployment/model-stable", "--type=json", f"--patch={patch}").well()
    assert memory(team) == "333Mi"
    seen = team.pulumi("preview", "--refresh", "--diff").well().text
    assert "333Mi" in seen
    team.pulumi("refresh", "--yes").well()
    team.up().well()
    assert memory(team) == "256Mi"
    team.pulumi("preview", "--refresh", "--expect-no-changes").well()


@pytest.mark.long
def test_a_deployment_deleted_by_hand_is_shown_and_placed_again(team: Team) -> None:
    team.small("model")
    team.up().well()
    team.kubectl("delete", "deployment/model-stable").well()
    seen = team.pulumi("refresh", "--yes").well().text
    assert re.search(r"model-deployment +delete", seen), seen
    team.up().well()
    assert team.ask("model").text == "first"
    team.pulumi("preview", "--refresh", "--expect-no-changes").well()


def test_an_object_of_others_is_refused_untouched_and_adopted_only_as_told(team: Team) -> None:
    team.up().well()
    team.kubectl("create", "--filename=-", stdin=service("model")).well()
    theirs = team.sees("service", "model")
    team.small("model")
    said = team.up().refused()
    assert f"Service {team.name}/model exists already and was not made by Ekiben" in said
    assert team.sees("service", "model") == theirs
    command = re.findall(r"pulumi import .*$", said, re.MULTILINE)[-1]
    team.project.shell(f"{command} --yes").well()
    team.up().well()
    ours = team.sees("service", "model")
    assert ours["metadata"]["uid"] == theirs["metadata"]["uid"]
    assert ours["spec"]["ports"][0]["port"] == 80
    assert team.ask("model").text == "first"


@pytest.mark.long
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
