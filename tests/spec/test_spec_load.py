"""The loader as a whole: all problems at once, what lies over what, and nothing outside."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ekiben.spec import load
from tests.projects import IRIS, Project, iris

FILE = "stacks/Pulumi.dev.yaml"
MODEL = "models/iris/model.yaml"


def test_every_problem_of_every_file_is_told_at_once_in_the_order_of_places(
    project: Project,
) -> None:
    project.model("iris", "scaling: {max_replicas: 0}\ntimout: 5s\n")
    project.model("digits", "kind: [\n")
    (project.root / "models/iris/requirements.txt").unlink()
    (project.root / "models/iris/data").symlink_to("/etc/passwd")
    project.stack(
        "config:\n"
        "  ekiben:team: Vision\n"
        "  ekiben:gateway: {replicas: 0}\n"
        "  ekiben:models:\n"
        "    iris: {compute: {cpu: much, gpus: 1}, update: {max_surge: 0}}\n"
        "    digits: {}\n"
        "    sentiment: {}\n"
    )
    assert project.complaint().splitlines() == [
        "models/digits/model.yaml:2:1: not YAML: did not find expected node content"
        " (while parsing a flow node)",
        "models/iris/data: is a link; an image holds files only, so put the file itself there",
        f"{MODEL}:1:11: scaling.max_replicas: given 0; expected a whole number from 1 to 1000",
        f"{MODEL}:2:1: timout: unknown key; did you mean 'timeout'?",
        "models/iris/requirements.txt: is missing; name there what the service imports,"
        " one package a line",
        f"{FILE}:2:3: ekiben:team: given 'Vision'; expected lower-case letters, digits and '-',"
        " starting with a letter and not ending with '-'",
        f"{FILE}:3:20: ekiben:gateway.replicas: given 0; expected a whole number from 1 to 100",
        f"{FILE}:5:22: ekiben:models.iris.compute.cpu: given 'much';"
        " expected CPU cores such as 500m, 0.5 or 2",
        f"{FILE}:5:33: ekiben:models.iris.compute.gpus: unknown key; did you mean 'gpu'?",
        f"{FILE}:5:43: ekiben:models.iris.update: max_surge and max_unavailable are both 0,"
        " so no replica could ever be replaced; set one of them to 1",
        f"{FILE}:7:5: ekiben:models.sentiment: there is no folder models/sentiment;"
        " expected one of: digits, iris",
    ]


def test_more_than_a_hundred_problems_are_cut_short(project: Project) -> None:
    project.stack(iris("{" + ", ".join(f"k{n:03}: 1" for n in range(150)) + "}"))
    *told, last = project.complaint().splitlines()
    assert len(told) == 100
    assert last == "More than 100 problems; the rest is shown once these are solved."


def test_a_stack_file_lies_over_model_yaml_key_by_key(project: Project) -> None:
    project.model(
        content="env: {A: '1', B: '2'}\nscaling: {min_replicas: 2, max_replicas: 4}\n"
        "timeout: 5s\nupdate: {max_surge: 2}\n"
    )
    project.stack(iris("{env: {B: '3', C: '4'}, scaling: {max_replicas: 8}, timeout: 9s}"))
    spec = project.load().models["iris"].spec
    assert spec.env == {"A": "1", "B": "3", "C": "4"}
    assert (spec.scaling.min_replicas, spec.scaling.max_replicas) == (2, 8)
    assert (spec.timeout, spec.update.max_surge, spec.compute.cpu) == ("9s", 2, "500m")


@pytest.mark.parametrize("nothing", ["{}", "", "~"])
def test_a_stack_file_that_says_nothing_of_a_model_leaves_it_as_its_folder_says(
    project: Project, nothing: str
) -> None:
    project.model(content="timeout: 5s\n")
    project.stack(iris(nothing))
    assert project.load().models["iris"].spec.timeout == "5s"


MERGED = [
    ("timeout: 5\n", "{}", f"{MODEL}:1:1: timeout: given 5;"),
    ("timeout: 5s\n", "{timeout: 5}", f"{FILE}:4:12: ekiben:models.iris.timeout: given 5;"),
    ("timeout: 5\n", "{timeout: 6}", f"{FILE}:4:12: ekiben:models.iris.timeout: given 6;"),
    (
        "scaling:\n  min_replicas: 9\n",
        "{scaling: {max_replicas: 3}}",
        f"{FILE}:4:12: ekiben:models.iris.scaling: min_replicas (9) is greater than"
        " max_replicas (3);",
    ),
    (
        "scaling:\n  max_replicsa: 9\n",
        "{scaling: {max_replicas: 3}}",
        f"{MODEL}:2:3: scaling.max_replicsa: unknown key;",
    ),
    ("- a\n", "{}", f"{MODEL}:1:1: given ['a']; expected keys and values"),
]


@pytest.mark.parametrize(("own", "override", "complaint"), MERGED)
def test_a_mistake_is_told_in_the_file_that_made_it(
    project: Project, own: str, override: str, complaint: str
) -> None:
    project.model(content=own)
    project.stack(iris(override))
    assert project.complaint().startswith(complaint)
    assert len(project.complaint().splitlines()) == 1


def test_a_mistake_that_the_stack_file_corrects_is_none(project: Project) -> None:
    project.model(content="timeout: 5\n")
    project.stack(iris("{timeout: 5s}"))
    assert project.load().models["iris"].spec.timeout == "5s"


def test_keys_of_other_programs_are_left_alone(project: Project) -> None:
    project.stack(
        {
            **IRIS,
            "encryptionsalt": "v1:abc",
            "config": {**IRIS["config"], "aws:region": "x", "other": 1},
        }
    )
    assert project.load().team == "vision"


def test_the_engines_configuration_lies_over_the_stack_file(project: Project) -> None:
    project.model("digits")
    project.stack(IRIS)
    spec = project.load(config={"team": "audio", "models": {"digits": {"timeout": "7s"}}})
    assert (spec.team, list(spec.models)) == ("audio", ["digits"])
    assert spec.models["digits"].spec.timeout == "7s"


def test_a_mistake_in_the_engines_configuration_is_told_as_such(project: Project) -> None:
    project.stack(IRIS)
    assert project.complaint(config={"team": "Audio"}).startswith(
        "the engine's configuration: ekiben:team: given 'Audio'; expected lower-case letters"
    )
    assert project.complaint(config={"models": {"iris": {"timeuot": "7s"}}}) == (
        "the engine's configuration: ekiben:models.iris.timeuot: unknown key;"
        " did you mean 'timeout'?"
    )


def test_what_the_engine_repeats_from_the_file_keeps_its_place(project: Project) -> None:
    project.stack(iris("{timeuot: 7s}"))
    assert project.complaint(config={"models": {"iris": {"timeuot": "7s"}}}).startswith(
        f"{FILE}:4:12: ekiben:models.iris.timeuot: unknown key"
    )


def test_fault_6_a_route_that_the_engines_configuration_gives_twice_is_refused(
    project: Project,
) -> None:
    project.model("digits", "endpoint: /iris\n")
    project.stack(IRIS)
    assert project.complaint(config={"models": {"iris": {}, "digits": {}}}) == (
        "the engine's configuration: ekiben:models.digits: claims the route /vision/iris, which"
        " the model 'iris' of the stack 'dev' claims at the engine's configuration;"
        " change one of them"
    )


_LINK = "is a link out of the project, which is not followed; put the thing itself there"


def test_nothing_outside_the_project_is_read_through_a_link(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = Project(tmp_path_factory.mktemp("outside"))
    secret = outside.write("secret.yaml", "config: {ekiben:team: secret}\n")
    (project.root / "stacks").mkdir()
    (project.root / "stacks/Pulumi.dev.yaml").symlink_to(secret)
    assert project.complaint() == f"{FILE}: {_LINK}"
    project.stack(IRIS, "prod")
    (project.root / MODEL).unlink()
    (project.root / MODEL).symlink_to(secret)
    assert project.complaint("prod") == f"{MODEL}: {_LINK}"


def test_a_model_folder_that_leads_outside_is_refused(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = Project(tmp_path_factory.mktemp("outside")).model("digits")
    (project.root / "models/digits").symlink_to(outside)
    project.stack({"config": {"ekiben:team": "vision", "ekiben:models": {"digits": {}}}})
    assert project.complaint() == f"models/digits: {_LINK}"


def test_links_inside_the_project_are_followed(project: Project) -> None:
    project.write("shared/dev.yaml", IRIS)
    (project.root / "stacks").mkdir()
    (project.root / "stacks/Pulumi.dev.yaml").symlink_to("../shared/dev.yaml")
    assert list(project.load().models) == ["iris"]


INSTEAD: dict[str, Callable[[Path], None]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "loop": lambda path: path.symlink_to(path.name),
    "dangling link": lambda path: path.symlink_to("gone"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", INSTEAD.values(), ids=INSTEAD)
def test_what_stands_where_a_file_is_expected_is_refused(
    project: Project, make: Callable[[Path], None]
) -> None:
    (project.root / MODEL).unlink()
    make(project.root / MODEL)
    project.stack(IRIS)
    assert project.complaint() == f"{MODEL}: is not a file; remove it or put one there"


def test_a_project_without_stacks_or_models_is_told_so(tmp_path: Path) -> None:
    bare = Project(tmp_path)
    assert bare.complaint() == "stacks: there is no Pulumi.dev.yaml; none is known here"
    bare.stack(IRIS)
    assert bare.complaint() == (
        f"{FILE}:3:5: ekiben:models.iris: there is no folder models/iris; none is known here"
    )


def test_images_are_built_for_the_processors_of_the_cluster_that_the_stack_is_on(
    project: Project,
) -> None:
    existing = {"kind": "existing", "registry": {"address": "r"}}
    project.stack(_on({**existing, "architecture": "arm64"}), "arm")
    project.stack(_on(existing, "text"), "usual")
    project.stack(_on({"kind": "stack", "stack": "arm"}, "audio"), "beside")
    project.stack(_on({"kind": "local"}, "smell"), "here")
    sources = {
        name: load(project.root, name, machine="arm64").models["iris"].source
        for name in ("arm", "usual", "beside", "here")
    }
    platforms = {name: source.platform for name, source in sources.items()}
    arm, usual = "linux/arm64", "linux/amd64"
    assert platforms == {"arm": arm, "usual": usual, "beside": arm, "here": arm}
    ids = {name: source.image_id for name, source in sources.items()}
    assert ids["arm"] == ids["beside"] == ids["here"] != ids["usual"]


def _on(cluster: dict[str, Any], team: str = "vision") -> dict[str, Any]:
    given = {"ekiben:team": team, "ekiben:models": {"iris": {}}, "ekiben:cluster": cluster}
    return {"config": given}
