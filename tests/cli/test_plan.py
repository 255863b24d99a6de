"""`ekiben plan` as a person runs it: a process, its exit code and what it says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ekiben.plan import build
from tests.projects import IRIS, Project, iris


def ekiben(where: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs the command without any environment: no HOME, no PATH, no credentials."""
    command = [sys.executable, "-m", "ekiben", *args]
    return subprocess.run(command, cwd=where, env={}, capture_output=True, text=True, check=False)


def test_the_plan_is_printed_as_json_and_as_yaml(project: Project) -> None:
    project.model("digits", "scaling: {max_replicas: 3}\n")
    project.stack("config:\n  ekiben:team: vision\n  ekiben:models: {iris: {}, digits: {}}\n")
    as_json, as_yaml = (
        ekiben(project.root, "plan", "-s", "dev", "--json"),
        ekiben(project.root, "plan", "--stack", "dev"),
    )
    assert (as_json.returncode, as_json.stderr) == (0, "")
    assert (as_yaml.returncode, as_yaml.stderr) == (0, "")
    assert not re.search(r"[&*]id\d", as_yaml.stdout), "a person reads no aliases"
    decided = json.loads(as_json.stdout)
    assert decided == yaml.safe_load(as_yaml.stdout) == build(project.load()).plain()
    assert list(decided["models"]) == ["digits", "iris"]


def test_it_works_from_any_folder_of_the_project(project: Project) -> None:
    project.stack(IRIS)
    run = ekiben(project.root / "models" / "iris", "plan", "-s", "dev", "--json")
    assert (run.returncode, json.loads(run.stdout)["stack"]) == (0, "dev")


def test_every_problem_is_listed_on_stderr_and_the_exit_code_is_1(project: Project) -> None:
    project.stack(iris("{timout: 5s, scaling: {max_replicas: 0}}"))
    run = ekiben(project.root, "plan", "-s", "dev")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.splitlines() == [
        "stacks/Pulumi.dev.yaml:4:12: ekiben:models.iris.timout: unknown key;"
        " did you mean 'timeout'?",
        "stacks/Pulumi.dev.yaml:4:34: ekiben:models.iris.scaling.max_replicas: given 0;"
        " expected a whole number from 1 to 1000",
        "2 problems; nothing was done.",
    ]


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"config: {\n", b"[" * 5000, "\u0456: \u0456".encode()]
)
def test_no_file_makes_it_print_a_traceback(project: Project, content: bytes) -> None:
    project.stack(content)
    run = ekiben(project.root, "plan", "-s", "dev")
    assert (run.returncode, run.stdout) == (1, "")
    assert "Traceback" not in run.stderr
    assert run.stderr.endswith("1 problem; nothing was done.\n")


@pytest.mark.parametrize("stack", ["prod", "../dev", "/etc/passwd", ""])
def test_a_stack_that_is_not_there_is_refused(project: Project, stack: str) -> None:
    project.stack(IRIS)
    run = ekiben(project.root, "plan", "--stack", stack)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("stacks: ")


def test_outside_of_a_project_it_says_so(tmp_path: Path) -> None:
    run = ekiben(tmp_path, "plan")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        f"no Pulumi.yaml in {tmp_path} or above it; run this inside an Ekiben project\n"
    )


def test_a_reader_that_goes_away_is_no_mistake(project: Project) -> None:
    for number in range(30):
        project.model(f"m{number}")
    models = "".join(f"    m{number}: {{}}\n" for number in range(30))
    project.stack(iris("{}") + models)
    run = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m ekiben plan -s dev | head -1"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("stack: dev\n", "")
