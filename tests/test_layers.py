"""The house's rules on its own sources: arrows, sizes, and how tests are written."""

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import ROOT, imports, imports_of, module, sources

ARROWS = {
    "ekiben": set(),
    "ekiben.__main__": {"ekiben.cli"},
    "ekiben.access": {"ekiben.spec", "ekiben.plan"},
    "ekiben.account": {"ekiben.plan"},
    "ekiben.bundle": {"ekiben.spec"},
    "ekiben.catalog": set(),
    "ekiben.cli": {"ekiben.spec", "ekiben.plan", "ekiben.access", "ekiben.account", "local"},
    "ekiben.plan": {"ekiben.spec", "ekiben.catalog"},
    "ekiben.rollout": {"ekiben.spec"},
    "ekiben.runtime": set(),
    "ekiben.spec": {"ekiben.catalog"},
    "components": {"ekiben.plan", "ekiben.access", "ekiben.rollout"},
    "provider": {"ekiben.bundle", "ekiben.rollout", "ekiben.spec"},
    "local": set(),
    "__main__": {"components", "ekiben.access", "ekiben.plan", "ekiben.spec", "local"},
}
"""What each part of the house may import of the others; who is absent may be imported by none."""

OURS = ("ekiben", "components", "provider", "local", "bench", "policy", "tests", "__main__")
PURE = ("ekiben.catalog", "ekiben.spec", "ekiben.plan")
IMPURE = {
    *("pulumi", "boto3", "botocore", "bentoml", "lightkube", "httpx", "requests", "socket", "ssl"),
    *("subprocess", "time", "datetime", "random", "secrets", "uuid", "platform", "getpass"),
    *("threading", "multiprocessing", "asyncio", "locale", "tempfile", "shutil"),
}
IMPURE_OF_OS = {"environ", "environb", "getenv", "getcwd", "getpid", "system", "popen", "uname"}
PULUMI = {"components", "provider", "__main__"}


def part(name: str) -> str | None:
    """The part of the house that a module belongs to; None for what is not ours."""
    pieces = name.split(".")
    if pieces[0] not in OURS:
        return None
    if pieces[0] != "ekiben":
        return pieces[0]
    return next((p for p in (".".join(pieces[:2]),) if p in ARROWS), "ekiben")


def wrong_arrows(name: str, imported: set[str]) -> set[str]:
    own = part(name)
    allowed = ARROWS.get(own or "", set()) | {own}
    reached = {target: part(target) for target in imported}
    return {target for target, other in reached.items() if other and other not in allowed}


def impure(name: str, imported: set[str], text: str) -> set[str]:
    """What the pure core must not touch, and pulumi outside of where resources are placed."""
    roots = {target.split(".")[0] for target in imported}
    pulumi = {root for root in roots if root.startswith("pulumi")}
    if part(name) in PULUMI:
        return set()
    if part(name) not in PURE:
        return pulumi
    attributes = {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    }
    return pulumi | (roots & IMPURE) | (attributes & IMPURE_OF_OS)


HOUSE = [*sources("ekiben", "components", "provider", "local", "policy"), ROOT / "__main__.py"]


@pytest.mark.parametrize("path", HOUSE, ids=module)
def test_imports_follow_the_arrows(path: Path) -> None:
    assert wrong_arrows(module(path), imports_of(path)) == set()
    assert impure(module(path), imports_of(path), path.read_text()) == set()


WRONG = [
    ("ekiben.spec.load", "from ekiben.plan import build", "ekiben.plan.build"),
    ("ekiben.spec.load", "from ..plan.stack import build", "ekiben.plan.stack.build"),
    ("ekiben.catalog.instances", "from ekiben.spec import load", "ekiben.spec.load"),
    ("ekiben.rollout.api", "from ekiben.catalog import eks", "ekiben.catalog.eks"),
    ("ekiben.plan.pod", "import components", "components"),
    ("ekiben.plan.pod", "from .. import rollout", "ekiben.rollout"),
    ("ekiben.bundle.build", "def late():\n    from ekiben.plan import build", "ekiben.plan.build"),
    ("ekiben.runtime.soak", "from ekiben.spec import load", "ekiben.spec.load"),
    ("components.model", "from ekiben.spec import load", "ekiben.spec.load"),
    ("components.model", "import provider.image", "provider.image"),
    ("provider.image", "from ekiben.plan import build", "ekiben.plan.build"),
    ("local.cluster.up", "from ekiben.spec import load", "ekiben.spec.load"),
    ("ekiben.cli.up", "import tests.projects", "tests.projects"),
    ("ekiben.cli.up", "import bench", "bench"),
    ("provider.image", "import __main__", "__main__"),
]


@pytest.mark.parametrize(("name", "line", "target"), WRONG)
def test_a_wrong_arrow_is_found(name: str, line: str, target: str) -> None:
    assert wrong_arrows(name, set(imports(line, name))) == {target}


IMPURITIES = [
    ("ekiben.catalog.instances", "import boto3", "boto3"),
    ("ekiben.spec.load", "import os\nos.environ['HOME']", "environ"),
    ("ekiben.plan.pod", "from datetime import datetime", "datetime"),
    ("ekiben.plan.pod", "import pulumi_kubernetes.core.v1 as core", "pulumi_kubernetes"),
    ("ekiben.cli.up", "import pulumi", "pulumi"),
    ("local.cluster.up", "import pulumi", "pulumi"),
]


@pytest.mark.parametrize(("name", "text", "found"), IMPURITIES)
def test_an_impurity_is_found(name: str, text: str, found: str) -> None:
    assert impure(name, set(imports(text, name)), text) == {found}


def test_every_part_of_the_house_has_its_arrows() -> None:
    assert {part(module(path)) for path in HOUSE} <= ARROWS.keys()
    assert {module(path) for path in (ROOT / "ekiben").iterdir() if path.is_dir()} <= {
        *ARROWS,
        "ekiben.__pycache__",
    }


def test_the_runtime_needs_nothing_but_python() -> None:
    for path in sources("ekiben/runtime"):
        roots = {target.split(".")[0] for target in imports_of(path)}
        assert roots <= {*sys.stdlib_module_names, "ekiben"}, path


def test_planning_loads_neither_engine_nor_cloud_nor_bento() -> None:
    code = "import sys, ekiben.plan; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"pulumi", "pulumi_kubernetes", "pulumi_aws", "boto3", "bentoml", "httpx"}
    assert not loaded & {"components", "provider", "local"}


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_file_is_longer_than_400_lines_and_half_are_shorter_than_120() -> None:
    sizes = {module(path): lines(path) for path in sources()}
    assert {name: size for name, size in sizes.items() if size > 400} == {}
    assert statistics.median(lines(path) for path in HOUSE) < 120


BANNED_NAMES = {"mock", "MagicMock", "AsyncMock", "patch", "mocker", "create_autospec"}
BANNED_METHODS = {"setattr", "setitem", "delattr", "delitem"}


def stand_ins(text: str) -> Iterator[str]:
    """Mocks and patches in a test: what is tested is the real thing."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            of = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            yield from (name for name in of if BANNED_NAMES & {*name.split(".")})
        elif isinstance(node, ast.arg) and node.arg in BANNED_NAMES:
            yield node.arg
        elif isinstance(node, ast.Attribute) and _of_monkeypatch(node):
            yield f"monkeypatch.{node.attr}"


def _of_monkeypatch(node: ast.Attribute) -> bool:
    of = node.value.id if isinstance(node.value, ast.Name) else ""
    return of == "monkeypatch" and node.attr in BANNED_METHODS


@pytest.mark.parametrize("path", sources("tests"), ids=module)
def test_tests_patch_and_mock_nothing(path: Path) -> None:
    assert list(stand_ins(path.read_text())) == []


@pytest.mark.parametrize(
    "text",
    [
        "from unittest.mock import MagicMock",
        "from unittest import mock",
        "import unittest.mock",
        "def test_x(mocker): ...",
        "def test_x(monkeypatch): monkeypatch.setattr('a.b', 1)",
    ],
)
def test_a_stand_in_is_found(text: str) -> None:
    assert list(stand_ins(text)) != []
