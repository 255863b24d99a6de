"""Whatever stands in the files, the loader gives a stack or says what is wrong: nothing else.

Each run also watches, through the interpreter's audit events, that the loader opens nothing
outside the project (and Ekiben's own recipe and runtime), and that it changes nothing anywhere.
"""

import json
import os
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ekiben.plan import build
from ekiben.spec import SpecError, StackSpec
from tests.projects import Project, iris
from tests.spec.watch import assert_only_reads, watched

SECONDS = 1.0  # of processor time, so that a busy machine does not matter
FILES = ("stacks/Pulumi.dev.yaml", "models/iris/model.yaml", "models/iris/.bentoignore")

VALID = """\
# yaml-language-server: $schema=x
config:
  aws:region: us-east-1
  ekiben:team: vision
  ekiben:cluster: {kind: existing, kubeconfig: ~/.kube/config, registry: {address: "r:5000"}}
  ekiben:gateway: {max_body: 20Mi, max_connections: 100, idle_timeout: 300s, replicas: 2}
  ekiben:models:
    iris: &iris
      kind: realtime
      compute: {cpu: 500m, memory: 1.5Gi, gpu: 0}
      endpoint: /v2/iris
      env: {LOG_LEVEL: info, RATE: 0.5}
      secrets: {TOKEN: vision/token}
      scaling:
        min_replicas: 1
        max_replicas: 10
      update: {max_surge: 25%, max_unavailable: 0, min_ready: 40s, deadline: 600s}
    digits: {timeout: 1m30s, smoke: ready}
"""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project beside a folder that hostile names point at."""
    around = tmp_path_factory.mktemp("around")
    Project(around).model("outside")
    made = Project(around / "deep" / "project")
    made.model("iris")
    made.model("digits")
    made.stack(VALID)
    made.load()  # what is imported late is imported now
    return made


def outcome(project: Project, stack: str = "dev") -> StackSpec | SpecError:
    """What the loader makes of a stack, under watch."""
    result: StackSpec | SpecError
    started = process_time()
    with watched() as events:
        try:
            result = project.load(stack)
        except SpecError as error:
            result = error
    assert process_time() - started < SECONDS
    assert_only_reads(events, project.root)
    return result


def assert_decided(project: Project) -> None:
    """The loader refuses with reasons, or its stack can be planned; the files are as they were."""
    before = snapshot(project.root)
    result = outcome(project)
    assert snapshot(project.root) == before
    if isinstance(result, SpecError):
        assert all(problem.message and problem.place.file for problem in result.problems)
        assert result.problems
    else:
        json.dumps(build(result).plain(), allow_nan=False)


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def check(project: Project, file: str, content: str | bytes) -> None:
    """Puts `content` in place of `file` of a right project, and loads it."""
    project.stack(VALID if file == FILES[0] else iris("{}"))
    kept = project.root / file
    before = kept.read_bytes() if kept.exists() else None
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    project.write(file, raw)
    try:
        assert_decided(project)
    finally:
        kept.unlink() if before is None else kept.write_bytes(before)


def test_the_watch_hears_what_it_should(fuzzed: Project, tmp_path: Path) -> None:
    with watched() as events:
        (tmp_path / "x").write_text("")
        list(os.scandir(tmp_path))
        (tmp_path / "x").unlink()
    assert [event for event, _ in events] == ["open", "os.scandir", "os.remove"]
    for wrong in (events[:1], events[1:2], events[2:]):
        with pytest.raises(AssertionError):
            assert_only_reads(wrong, fuzzed.root)
    with pytest.raises(AssertionError, match="writing"):
        assert_only_reads(events[:1], tmp_path)


@settings(max_examples=80, deadline=None)
@given(file=st.sampled_from(FILES), content=st.binary(max_size=400))
@example(file=FILES[0], content=b"\xff\xfe\x00")
@example(file=FILES[0], content=b"!!int x")
@example(file=FILES[1], content=b"- a")
@example(file=FILES[2], content=b"!")
@example(file=FILES[2], content=b"[z-a]")
def test_random_bytes(fuzzed: Project, file: str, content: bytes) -> None:
    check(fuzzed, file, content)


_MARKS = "[]{}:,-?&*!|>'\"%@`#~<= \n\tab01.\\/\u00e9\u0085\u2028\ufeff\x00"


@settings(max_examples=80, deadline=None)
@given(file=st.sampled_from(FILES), content=st.text(_MARKS, max_size=80))
def test_random_marks_of_yaml(fuzzed: Project, file: str, content: str) -> None:
    check(fuzzed, file, content)


_KEYS = """
config ekiben:team ekiben:cluster ekiben:gateway ekiben:models ekiben: ekiben:x team kind local
existing stack dev prod name registry address kubeconfig context models iris digits compute cpu
memory gpu endpoint env secrets scaling min_replicas max_replicas update max_surge max_unavailable
min_ready deadline timeout smoke realtime async 500m 1Gi 30s 25% ../outside ../../outside
../../../outside /etc/passwd . .. - -x ~ << [key] dict[str,any]
"""
_ODD = ["", "\u0456ris", "a\x00b", "a" * 70, "a" * 300, "\ud7ff", "\U0001f371", "a\nb"]
_WORDS = st.sampled_from([*_KEYS.split(), *_ODD])
_SCALARS = (
    _WORDS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 12)
    | st.sampled_from([10**40, -(10**400), float("nan"), float("inf"), -0.0, 1e308, 1e-9])
    | st.floats()
    | st.text(max_size=5)
)
_DATA: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=60, deadline=None)
@given(file=st.sampled_from(FILES[:2]), data=_DATA)
def test_random_data(fuzzed: Project, file: str, data: Any) -> None:
    check(fuzzed, file, yaml.safe_dump(data, allow_unicode=True))


@settings(max_examples=40, deadline=None)
@given(models=st.dictionaries(_WORDS, st.dictionaries(_WORDS, _DATA, max_size=4), max_size=4))
def test_random_models(fuzzed: Project, models: dict[str, Any]) -> None:
    stack = {"config": {"ekiben:team": "vision", "ekiben:models": models}}
    check(fuzzed, FILES[0], yaml.safe_dump(stack, allow_unicode=True))


_SNIPPETS = [
    *("*iris", "&iris ", "!!int ", "!x ", "? ", "<<: *iris\n", "---\n", "...\n", "{", "]", "\t"),
    *(": ", "- ", "'", '"', "|\n", "#", "\r", "\x00", "\x1b", "\u2028", "\ufeff", "%YAML 1.1\n"),
    *("~", "null", ".nan", "-.inf", "1e999", "0x" + "f" * 2000, "9" * 5000, "0o7", "-1", "1_000"),
    *("[" * 40, "{a: " * 40, "../../", "/etc/passwd", "\u0456", "a" * 300, "yes", "2026-01-02"),
]
_CHANGES = st.lists(
    st.tuples(
        st.integers(0, len(VALID)),
        st.integers(0, 30),
        st.sampled_from(_SNIPPETS) | st.text(max_size=3) | st.just(""),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=100, deadline=None)
@given(changes=_CHANGES)
def test_changes_of_a_right_file(fuzzed: Project, changes: list[tuple[int, int, str]]) -> None:
    text = VALID
    for at, length, instead in changes:
        text = text[:at] + instead + text[at + length :]
    check(fuzzed, FILES[0], text)


@settings(max_examples=30, deadline=None)
@given(stack=st.text(max_size=20) | _WORDS)
def test_random_names_of_stacks(fuzzed: Project, stack: str) -> None:
    assert stack == "dev" or isinstance(outcome(fuzzed, stack), SpecError)
