"""What a team's namespace lets in, and what never leaves it."""

import json
import re

import pytest

from tests.e2e.project import LAYOUT, Project
from tests.e2e.team import Team

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
CANARY = "yellow-bird-in-a-coal-mine"


def pod(**context: object) -> str:
    container = {"name": "main", "image": "nobody/nothing", "securityContext": context}
    metadata = {"name": "intruder", "namespace": "demo"}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": {"containers": [container]},
        }
    )


BELOW_STANDARD = 'violates PodSecurity "restricted:latest"'


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        # The local API server lets nobody have these; others leave them to the namespace.
        ({"privileged": True}, rf"disallowed by cluster policy|{BELOW_STANDARD}"),
        ({"runAsUser": 0}, BELOW_STANDARD),
        ({}, BELOW_STANDARD),
    ],
)
def test_a_pod_with_rights_is_refused(
    platform: Project, context: dict[str, object], reason: str
) -> None:
    said = platform.kubectl("create", "--filename=-", stdin=pod(**context)).refused()
    assert re.search(reason, said), said


def test_secrets_reach_the_model_and_nobody_else(team: Team) -> None:
    team.up().well()
    literal = f"--from-literal=token={CANARY}"
    team.kubectl("create", "secret", "generic", "vault", literal).well()
    team.small("model", secrets={"TOKEN": "vault/token"})
    plan, preview = team.project.plan(team.name), team.pulumi("preview", "--diff").well().text
    up = team.up().well().text
    assert team.ask("model", "/told").text == CANARY
    logs = team.kubectl("logs", "deployment/model-stable").well().text
    builds = "".join(path.read_text() for path in (LAYOUT.cache / "logs").glob("build-model-*"))
    state = team.project.state_file(team.name).read_text()
    assert "vault" in state
    for text in (json.dumps(plan), preview, up, logs, builds, state):
        assert CANARY not in text
