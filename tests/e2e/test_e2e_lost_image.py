"""An image that the registry has lost between its push and its pull."""

import pytest

from tests.e2e.registry import lose
from tests.e2e.team import Team

pytestmark = [pytest.mark.cluster, pytest.mark.long, pytest.mark.timeout(600)]


def test_it_is_named_the_old_version_serves_on_and_a_refresh_mends_it(team: Team) -> None:
    team.small("model")
    team.up().well()
    team.small("model", answer="second")
    team.pulumi("up", "--yes", "--skip-preview", "--target=**::model-image").well()
    (image,) = (
        resource["outputs"]
        for resource in team.project.resources(team.name)
        if resource["type"] == "ekiben:index:Image"
    )
    lose(image["digest"])
    said = team.up().refused()
    assert f"cannot pull {image['ref']}: not found" in said
    assert "keeps serving 1 of 1 replicas" in said
    assert "`pulumi up --refresh` builds and pushes" in said
    assert team.ask("model").text == "first"
    team.pulumi("up", "--yes", "--skip-preview", "--refresh").well()
    assert team.ask("model").text == "second"
