"""Every shipped model folder: its locks are complete, its service stands on its own."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.models.shipped import MODELS

FOLDERS = sorted(path.parent for path in MODELS.glob("*/model.yaml"))
SCRIPTS = sorted(path for name in ("train.py", "export.py") for path in MODELS.glob(f"*/{name}"))
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+) \\$", re.MULTILINE)

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.parent.name)


def requirements(folder: Path, name: str = "requirements.txt") -> list[Requirement]:
    path = folder / name
    lines = path.read_text().splitlines() if path.exists() else []
    texts = (line.partition("#")[0].strip() for line in lines)
    return [Requirement(text) for text in texts if text]


def inline_requirements(script: Path) -> list[Requirement]:
    """What the comment block at a script's head declares (PEP 723)."""
    block = re.search(r"^# /// script$(.*?)^# ///$", script.read_text(), re.MULTILINE | re.DOTALL)
    assert block, f"{script} declares no dependencies"
    toml = "\n".join(line[2:] for line in block[1].splitlines())
    return [Requirement(text) for text in tomllib.loads(toml)["dependencies"]]


def pins(lock: Path) -> dict[str, str]:
    return {canonicalize_name(m["name"]): m["version"] for m in PIN.finditer(lock.read_text())}


def uncovered(wanted: list[Requirement], lock: Path) -> list[str]:
    locked = pins(lock)
    return [
        str(requirement)
        for requirement in wanted
        if (version := locked.get(canonicalize_name(requirement.name))) is None
        or not requirement.specifier.contains(version)
    ]


def test_three_models_are_shipped() -> None:
    assert [folder.name for folder in FOLDERS] == ["digits", "iris", "minilm"]
    assert [script.parent.name for script in SCRIPTS] == ["digits", "iris", "minilm"]


@each_folder
def test_the_lock_covers_the_requirements(folder: Path) -> None:
    wanted = requirements(folder)
    assert "bentoml" in [requirement.name for requirement in wanted]
    assert uncovered(wanted, folder / "requirements.lock") == []


@each_script
def test_the_scripts_lock_covers_what_it_imports(script: Path) -> None:
    assert uncovered(inline_requirements(script), script.with_suffix(".lock")) == []


@pytest.mark.parametrize(
    "lock", sorted(MODELS.glob("*/*.lock")), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_everything_locked_is_checksummed_and_comes_from_no_place_in_particular(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(lock)) > 0
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


@each_folder
def test_what_is_excluded_is_not_locked(folder: Path) -> None:
    excluded = {
        requirement.name for requirement in requirements(folder, "requirements-exclude.txt")
    }
    assert not excluded & pins(folder / "requirements.lock").keys()


@each_folder
def test_the_service_imports_its_own_requirements_only(folder: Path) -> None:
    tree = ast.parse((folder / "service.py").read_text())
    nodes = list(ast.walk(tree))
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)]
    imported = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names
    declared = {requirement.name for requirement in requirements(folder)}
    assert imported - {"pydantic"} <= declared  # pydantic comes with bentoml


@each_folder
def test_the_sample_is_a_path_and_a_body(folder: Path) -> None:
    sample = json.loads((folder / "sample.json").read_text())
    assert sorted(sample) == ["body", "path"]
    assert sample["path"].startswith("/")


@each_folder
def test_weights_in_the_repository_are_small_and_no_pickles(folder: Path) -> None:
    files = [path for path in folder.iterdir() if path.is_file()]
    assert max(path.stat().st_size for path in files) < 1_000_000
    assert not [path for path in files if path.suffix in {".pkl", ".pickle", ".joblib", ".pt"}]
