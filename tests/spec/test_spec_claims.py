"""What may be claimed only once in a cluster: faults 5 and 6, across stacks and teams."""

from typing import Any

import pytest

from tests.projects import IRIS, Project

FILE = "stacks/Pulumi.dev.yaml"


def stack(
    team: str = "vision", models: dict[str, Any] | None = None, **cluster: Any
) -> dict[str, Any]:
    return {
        "config": {
            "ekiben:team": team,
            "ekiben:cluster": cluster or {"kind": "local"},
            "ekiben:models": models or {},
        }
    }


def test_fault_5_a_model_of_another_stack_of_the_team_and_cluster_is_refused(
    project: Project,
) -> None:
    project.stack(IRIS, "prod")
    project.stack(IRIS)
    assert project.complaint() == (
        f"{FILE}:3:5: ekiben:models.iris: claims the model vision/iris, which the model 'iris'"
        " of the stack 'prod' claims at stacks/Pulumi.prod.yaml:3:5; change one of them"
    )


def test_fault_6_a_route_given_twice_in_a_stack_is_refused_with_both_places(
    project: Project,
) -> None:
    project.model("digits", "endpoint: /iris\n")
    project.stack(
        "config:\n  ekiben:team: vision\n  ekiben:models:\n    iris: {}\n    digits: {}\n"
    )
    assert project.complaint() == (
        f"{FILE}:5:5: ekiben:models.digits: claims the route /vision/iris, which the model 'iris'"
        f" of the stack 'dev' claims at {FILE}:4:5; change one of them"
    )


@pytest.mark.parametrize(
    ("digits", "override"),
    [
        ("endpoint: /iris\n", {}),
        ("", {"endpoint": "/iris"}),
        ("endpoint: /b\n", {"endpoint": "/iris"}),
    ],
    ids=["model.yaml", "stack file", "stack file over model.yaml"],
)
def test_fault_6_a_route_of_another_stack_is_refused_with_both_places(
    project: Project, digits: str, override: dict[str, Any]
) -> None:
    project.model("digits", digits)
    project.stack(stack(models={"digits": override}), "prod")
    project.stack(IRIS)
    assert project.complaint() == (
        f"{FILE}:3:5: ekiben:models.iris: claims the route /vision/iris, which the model 'digits'"
        " of the stack 'prod' claims at stacks/Pulumi.prod.yaml:5:5; change one of them"
    )


def test_fault_6_teams_that_share_a_platforms_cluster_are_looked_at_together(
    project: Project,
) -> None:
    project.model("digits")
    project.stack(stack("platform"), "platform")
    project.stack(
        stack(models={"digits": {"endpoint": "/iris"}}, kind="stack", stack="platform"), "a"
    )
    project.stack(stack(models={"iris": {}}, kind="stack", stack="platform"))
    assert "claims the route /vision/iris" in project.complaint()
    assert "of the stack 'a'" in project.complaint()


def test_fault_6_a_team_and_the_platform_it_lives_on_are_looked_at_together(
    project: Project,
) -> None:
    project.stack(stack(models={"iris": {}}), "platform")
    project.stack(stack(models={"iris": {}}, kind="stack", stack="platform"))
    assert "claims the model vision/iris" in project.complaint()
    assert "claims the model vision/iris" in project.complaint("platform")


def test_teams_on_two_platforms_keep_claims_apart(project: Project) -> None:
    project.stack(stack("one", kind="local", name="one"), "one")
    project.stack(stack("two", kind="local", name="two"), "two")
    project.stack(stack(models={"iris": {}}, kind="stack", stack="one"), "vision-one")
    project.stack(stack(models={"iris": {}}, kind="stack", stack="two"))
    assert list(project.load().models) == ["iris"]


APART = [
    (stack("audio", {"iris": {}}), stack("vision", {"iris": {}})),
    (
        stack("vision", {"iris": {}}, kind="local", name="one"),
        stack("vision", {"iris": {}}, kind="local", name="two"),
    ),
    (
        stack("vision", {"iris": {}}, kind="existing", context="a", registry={"address": "r"}),
        stack("vision", {"iris": {}}, kind="existing", context="b", registry={"address": "r"}),
    ),
    (
        stack("vision", {"iris": {}}),
        stack("vision", {"iris": {}}, kind="stack", stack="platform"),
    ),
]


@pytest.mark.parametrize(
    ("one", "other"), APART, ids=["teams", "local clusters", "contexts", "kinds of cluster"]
)
def test_teams_and_clusters_keep_claims_apart(
    project: Project, one: dict[str, Any], other: dict[str, Any]
) -> None:
    platform = stack("platform", kind="existing", registry={"address": "r"})
    project.stack(platform, "platform")
    project.stack(one, "prod")
    project.stack(other)
    assert list(project.load().models) == ["iris"]


def test_another_stack_that_is_wrong_does_not_stand_in_the_way(project: Project) -> None:
    project.stack("config: {", "broken")
    project.stack({"config": {"ekiben:team": "vision", "ekiben:modles": {}}}, "typo")
    project.stack(stack(models={"gone": {}}), "gone")
    project.stack(IRIS)
    assert list(project.load().models) == ["iris"]


def test_a_stack_lives_in_the_cluster_of_the_stack_it_names(project: Project) -> None:
    project.stack(stack("platform", kind="local", name="shared"), "platform")
    project.stack(stack(models={"iris": {}}, kind="stack", stack="platform"))
    spec = project.load()
    assert (spec.cluster.kind, spec.platform, spec.team) == ("local", "platform", "vision")
    assert getattr(spec.cluster, "name", None) == "shared"


REFERENCES = [
    ("dev", "names the stack itself"),
    ("plat", "given 'plat': there is no Pulumi.plat.yaml; did you mean 'platform'?"),
    (
        "broken",
        "given 'broken': not YAML: did not find expected node content (while parsing a flow node)",
    ),
    ("tenant", "'tenant' keeps no cluster of its own; name 'platform'"),
]


@pytest.mark.parametrize(("named", "complaint"), REFERENCES)
def test_a_stack_that_keeps_no_cluster_cannot_be_named(
    project: Project, named: str, complaint: str
) -> None:
    project.stack(stack("platform"), "platform")
    project.stack(stack("tenant", kind="stack", stack="platform"), "tenant")
    project.stack("config: {\n", "broken")
    project.stack(f"config:\n  ekiben:team: v\n  ekiben:cluster: {{kind: stack, stack: {named}}}\n")
    assert project.complaint() == f"{FILE}:3:33: ekiben:cluster.stack: {complaint}"


def test_mistakes_of_the_named_stack_are_told_at_their_own_place(project: Project) -> None:
    project.stack("config:\n  ekiben:team: Platform\n", "platform")
    project.stack(stack(kind="stack", stack="platform"))
    assert project.complaint().startswith(
        "stacks/Pulumi.platform.yaml:2:3: ekiben:team: given 'Platform'"
    )
