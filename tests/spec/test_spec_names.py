"""Fault 7: names that are not safe in DNS, on disk or on a command line."""

import json

import pytest

from tests.projects import Project, iris

FILE = "stacks/Pulumi.dev.yaml"
_NAME = (
    "expected lower-case letters, digits and '-', starting with a letter and not ending with '-'"
)
_STACK = (
    "expected at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
)
_ENV = "expected letters, digits and '_', not starting with a digit"
_ENDPOINT = "expected a path such as /iris or /v2/iris"
_OURS = "is a namespace of Kubernetes or of Ekiben itself; choose another name"

FAULT_7_NAMES = [
    ("../iris", "'../iris'", f"given '../iris'; {_NAME}"),
    ("..", "'..'", f"given '..'; {_NAME}"),
    ("-iris", "-iris", f"given '-iris'; {_NAME}"),
    ("iris-", "iris-", f"given 'iris-'; {_NAME}"),
    ("Iris", "Iris", f"given 'Iris'; {_NAME}"),
    ("2iris", "2iris", f"given '2iris'; {_NAME}"),
    ("iris_2", "iris_2", f"given 'iris_2'; {_NAME}"),
    ("iris.v2", "'iris.v2'", f"given 'iris.v2'; {_NAME}"),
    ("a/b", "a/b", f"given 'a/b'; {_NAME}"),
    ("\u0456ris", r"'\u0456ris'", rf"given '\u0456ris'; {_NAME}"),
    ("iri\u0455", r"'iri\u0455'", rf"given 'iri\u0455'; {_NAME}"),
    ("\uff49ris", r"'\uff49ris'", rf"given '\uff49ris'; {_NAME}"),
    ("iris\u200b", r"'iris\u200b'", rf"given 'iris\u200b'; {_NAME}"),
    ("a" * 43, "a" * 43, f"given '{'a' * 43}'; expected at most 42 characters"),
    ("a" * 64, f"'{'a' * 56}...", f"given '{'a' * 56}...; expected at most 42 characters"),
    ("a" * 300, f"'{'a' * 56}...", f"given '{'a' * 56}...; expected at most 42 characters"),
]


@pytest.mark.parametrize(("name", "key", "complaint"), FAULT_7_NAMES)
def test_fault_7_a_models_name_is_safe_everywhere(
    project: Project, name: str, key: str, complaint: str
) -> None:
    project.stack(f"config:\n  ekiben:team: vision\n  ekiben:models:\n    {name}: {{}}\n")
    assert project.complaint() == f"{FILE}:4:5: ekiben:models.{key}: {complaint}"


FAULT_7_TEAMS = [
    ("../vision", f"given '../vision'; {_NAME}"),
    ("-vision", f"given '-vision'; {_NAME}"),
    ("vis\u0456on", rf"given 'vis\u0456on'; {_NAME}"),
    ("a" * 41, f"given '{'a' * 41}'; expected at most 40 characters"),
    ("5", "given 5; expected a valid string"),
    ("''", f"given ''; {_NAME}"),
    ("default", f"given 'default'; {_OURS}"),
    ("kube-system", f"given 'kube-system'; {_OURS}"),
    ("ekiben-system", f"given 'ekiben-system'; {_OURS}"),
]


@pytest.mark.parametrize(("team", "complaint"), FAULT_7_TEAMS)
def test_fault_7_a_teams_name_is_safe_everywhere(
    project: Project, team: str, complaint: str
) -> None:
    project.stack(f"config:\n  ekiben:team: {team}\n")
    assert project.complaint() == f"{FILE}:2:3: ekiben:team: {complaint}"


FAULT_7_STACKS = [
    ("", "''"),
    ("../x", "'../x'"),
    ("/etc/passwd", "'/etc/passwd'"),
    ("-s", "'-s'"),
    ("dev-", "'dev-'"),
    ("d\u0435v", r"'d\u0435v'"),
    ("a\0b", r"'a\x00b'"),
    ("a" * 64, f"'{'a' * 56}..."),
]


@pytest.mark.parametrize(("stack", "given"), FAULT_7_STACKS)
def test_fault_7_a_stacks_name_never_is_a_path(project: Project, stack: str, given: str) -> None:
    project.stack(iris("{}"))
    assert project.complaint(stack) == f"stacks: given the stack {given}; {_STACK}"
    reference = json.dumps(stack, ensure_ascii=False)
    project.stack(
        f"config:\n  ekiben:team: v\n  ekiben:cluster: {{kind: stack, stack: {reference}}}\n"
    )
    assert project.complaint() == (
        f"{FILE}:3:33: ekiben:cluster.stack: given {given}; expected a stack's name: {_STACK[9:]}"
    )


def test_a_stacks_name_of_63_characters_is_read(project: Project) -> None:
    project.stack(iris("{}"), "a" * 63)
    assert project.load("a" * 63).name == "a" * 63


FAULT_7_ENDPOINTS = [
    "iris",
    "/",
    "/iris/",
    "//iris",
    "/../admin",
    "/iris/../admin",
    "/.iris",
    "/iris?x=1",
    "/iris#x",
    "/%2e%2e",
    "/-iris",
    "/iris with spaces",
]


@pytest.mark.parametrize("endpoint", FAULT_7_ENDPOINTS)
def test_fault_7_an_endpoint_is_a_plain_path(project: Project, endpoint: str) -> None:
    project.stack(iris(f"{{endpoint: {endpoint!r}}}"))
    assert project.complaint() == (
        f"{FILE}:4:12: ekiben:models.iris.endpoint: given {endpoint!r}; {_ENDPOINT}"
    )


FAULT_7_ENV = [
    ("-x", "-x", f"given '-x'; {_ENV}"),
    ("2X", "2X", f"given '2X'; {_ENV}"),
    ("A=B", "'A=B'", f"given 'A=B'; {_ENV}"),
    ("LOG LEVEL", "'LOG LEVEL'", f"given 'LOG LEVEL'; {_ENV}"),
    ("\u03a1ATH", r"'\u03a1ATH'", rf"given '\u03a1ATH'; {_ENV}"),
    ("A" * 129, f"'{'A' * 56}...", f"given '{'A' * 56}...; expected at most 128 characters"),
    (
        "EKIBEN_VERSION",
        "EKIBEN_VERSION",
        "given 'EKIBEN_VERSION'; is set by Ekiben itself; choose another name",
    ),
    (
        "BENTOML_PORT",
        "BENTOML_PORT",
        "given 'BENTOML_PORT'; is set by Ekiben itself; choose another name",
    ),
]


@pytest.mark.parametrize(("name", "key", "complaint"), FAULT_7_ENV)
@pytest.mark.parametrize(("section", "value", "column"), [("env", "a", 18), ("secrets", "a/b", 22)])
def test_fault_7_a_variables_name_is_one(
    project: Project, section: str, value: str, column: int, name: str, key: str, complaint: str
) -> None:
    project.stack(iris(f"{{{section}: {{{name}: {value}}}}}"))
    assert project.complaint() == (
        f"{FILE}:4:{column}: ekiben:models.iris.{section}.{key}: {complaint}"
    )
