"""What is not YAML, or more than plain YAML: faults 1 (syntax), 2 (unknown keys), 5 (twice)."""

import pytest

from tests.projects import Project, iris

FILE = "stacks/Pulumi.dev.yaml"

FAULT_1_SYNTAX = [
    (
        "config: {\n",
        f"{FILE}:2:1: not YAML: did not find expected node content (while parsing a flow node)",
    ),
    (
        "config:\n  ekiben:team: vision\n ekiben:models: {}\n",
        f"{FILE}:3:2: not YAML: did not find expected key (while parsing a block mapping)",
    ),
    (
        "config:\n\tekiben:team: vision\n",
        f"{FILE}:2:1: not YAML: found character that cannot start any token"
        " (while scanning for the next token)",
    ),
    (
        "a: *b\n",
        f"{FILE}:1:4: alias *b names nothing that ended above it",
    ),
    (
        "config: {}\n---\nconfig: {}\n",
        f"{FILE}:2:1: not YAML: but found another document"
        " (expected a single document in the stream)",
    ),
    ("- a\n", f"{FILE}:1:1: given ['a']; expected keys and values"),
    ("hello\n", f"{FILE}:1:1: given 'hello'; expected keys and values"),
    ("config: 5\n", f"{FILE}:1:9: config: given 5; expected keys and values"),
    ("config:\n", f"{FILE}:1:8: config: given nothing; expected keys and values"),
    (
        "config:\n  ? [a, b]\n  : 1\n  <<: {}\n",
        f"{FILE}:2:5: expected a plain word as key (merge keys are not read)\n"
        f"{FILE}:4:3: expected a plain word as key (merge keys are not read)",
    ),
    (
        iris("{env: {A: bell\x07}}"),
        f"{FILE}:4:25: the character U+0007 cannot stand in YAML; remove it",
    ),
    (
        iris('{env: {A: "\\0"}}'),
        f"{FILE}:4:18: ekiben:models.iris.env.A: given '\\x00';"
        " expected text without the character U+0000",
    ),
    (
        iris("{scaling: {max_replicas: !!int ten}}"),
        f"{FILE}:4:36: the tag 'tag:yaml.org,2002:int' is not read here; write plain YAML",
    ),
    (
        "!!python/object/apply:os.system [ls]\n",
        f"{FILE}:1:1: the tag 'tag:yaml.org,2002:python/object/apply:os.system'"
        " is not read here; write plain YAML",
    ),
]


@pytest.mark.parametrize(("text", "complaint"), FAULT_1_SYNTAX)
def test_fault_1_what_is_not_plain_yaml_is_refused_where_it_stands(
    project: Project, text: str, complaint: str
) -> None:
    project.stack(text)
    assert project.complaint() == complaint


def test_fault_1_text_in_another_encoding_is_refused(project: Project) -> None:
    project.stack(iris("{env: {CITY: Zürich}}").encode("latin-1"))
    assert project.complaint() == f"{FILE}: not UTF-8 at byte 71; save the file as UTF-8"


def test_a_byte_order_mark_and_windows_line_ends_are_read(project: Project) -> None:
    text = iris("{env: {CITY: Zürich}}").replace("\n", "\r\n")
    project.stack(b"\xef\xbb\xbf" + text.encode())
    assert project.load().models["iris"].spec.env == {"CITY": "Zürich"}


FAULT_2_UNKNOWN_KEYS = [
    (
        iris("{scaling: {max_replicsa: 2}}"),
        f"{FILE}:4:22: ekiben:models.iris.scaling.max_replicsa: unknown key;"
        " did you mean 'max_replicas'?",
    ),
    (
        iris("{replicas: 2}"),
        f"{FILE}:4:12: ekiben:models.iris.replicas: unknown key; expected one of:"
        " compute, endpoint, env, kind, node_groups, scaling, secrets, smoke, timeout, update",
    ),
    (
        "config:\n  ekiben:team: vision\n  ekiben:modles: {}\n",
        f"{FILE}:3:3: ekiben:modles: unknown key; did you mean 'models'?",
    ),
    (
        "config:\n  ekiben:team: vision\n  ekiben:cluster: {kind: local, nmae: a}\n",
        f"{FILE}:3:33: ekiben:cluster.nmae: unknown key; did you mean 'name'?",
    ),
    (
        "config:\n  ekiben:team: vision\n  ekiben:cluster: {kind: exsting}\n",
        f"{FILE}:3:3: ekiben:cluster: given kind 'exsting';"
        " expected one of: 'local', 'existing', 'stack', 'eks'",
    ),
    (
        "config:\n  ekiben:team: vision\n  ekiben:cluster: {}\n",
        f"{FILE}:3:3: ekiben:cluster: has no kind; give it one, such as kind: local",
    ),
    (
        "config:\n  ekiben:models: {}\n",
        f"{FILE}:2:3: ekiben:team: is missing; Who the stack belongs to: the namespace,"
        " the first part of every URL and image name.",
    ),
    (
        "config:\n  ekiben:team: vision\n  ekiben:models: {irsi: {}}\n",
        f"{FILE}:3:19: ekiben:models.irsi: there is no folder models/irsi; did you mean 'iris'?",
    ),
]


@pytest.mark.parametrize(("text", "complaint"), FAULT_2_UNKNOWN_KEYS)
def test_fault_2_an_unknown_key_is_refused_with_the_nearest_right_one(
    project: Project, text: str, complaint: str
) -> None:
    project.stack(text)
    assert project.complaint() == complaint


def test_a_folder_without_a_service_or_requirements_is_told_apart(project: Project) -> None:
    project.write("models/empty/model.yaml", "")
    project.write("models/half/service.py", "")
    project.stack("config:\n  ekiben:team: vision\n  ekiben:models: {empty: {}, half: {}}\n")
    assert project.complaint().splitlines() == [
        "models/half/requirements.txt: is missing; name there what the service imports,"
        " one package a line",
        f"{FILE}:3:19: ekiben:models.empty: models/empty has no service.py;"
        " expected one of: half, iris",
    ]


def test_a_stack_that_is_not_there_is_answered_with_the_nearest_one(project: Project) -> None:
    project.stack(iris("{}"))
    assert project.complaint("dve") == "stacks: there is no Pulumi.dve.yaml; did you mean 'dev'?"


def test_fault_5_a_key_given_twice_is_refused_with_both_places(project: Project) -> None:
    project.model(content="timeout: 1s\nkind: realtime\ntimeout: 2s\n")
    project.stack(iris("{}") + "    iris: {}\n  ekiben:team: other\n")
    assert project.complaint().splitlines() == [
        f"{FILE}:5:5: the key 'iris' was already given at {FILE}:4:5",
        f"{FILE}:6:3: the key 'ekiben:team' was already given at {FILE}:2:3",
    ]
    project.stack(iris("{}"))
    assert project.complaint() == (
        "models/iris/model.yaml:3:1: the key 'timeout' was already given"
        " at models/iris/model.yaml:1:1"
    )


def test_fault_5_a_stack_written_in_two_files_is_refused(project: Project) -> None:
    project.stack(iris("{}"))
    project.write("stacks/Pulumi.dev.yml", iris("{}"))
    assert project.complaint() == (
        f"stacks/Pulumi.dev.yml: the stack 'dev' is written in {FILE} too; keep one of them"
    )
