"""`pulumi destroy` takes away what `pulumi up` placed."""

import pytest

from tests.e2e.project import PLATFORM, Project
from tests.e2e.team import Team

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def stamped(project: Project, stack: str) -> list[str]:
    """Every object in the cluster that carries a stack's stamp."""
    kinds = project.kubectl("api-resources", "--verbs=list", "--output=name").well().out.split()
    kinds = [kind for kind in kinds if not kind.startswith("events")]
    selector = f"--selector=ekiben.dev/stack={stack}"
    found = project.kubectl(
        "get", ",".join(kinds), "--all-namespaces", selector, "--output=name", "--ignore-not-found"
    )
    return found.well().out.split()


def test_nothing_of_a_team_is_left(team: Team) -> None:
    team.small("model")
    team.up().well()
    assert "deployment.apps/model-stable" in stamped(team.project, team.name)
    team.pulumi("destroy", "--yes").well()
    assert stamped(team.project, team.name) == []
    assert team.ask("model").status_code == 404


@pytest.mark.long
def test_nothing_of_the_platform_is_left(platform: Project) -> None:
    """Comes last of all tests: none of the others could do without it."""
    assert "gateway.gateway.networking.k8s.io/ekiben" in stamped(platform, PLATFORM)
    platform.pulumi("destroy", "--yes").well()
    assert stamped(platform, PLATFORM) == []
