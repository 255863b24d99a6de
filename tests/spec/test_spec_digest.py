"""What makes an image's identity, and what does not."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekiben.spec import SpecError, digest, model_source
from tests.projects import IRIS, Project
from tests.spec.watch import PACKAGE


@pytest.fixture
def folder(project: Project) -> Path:
    """A model folder with a file in a folder."""
    project.write("models/iris/lib/tree.py", "leaf = 1\n")
    return project.model("iris")


def image_id(folder: Path) -> str:
    return model_source(folder, "models/iris", "linux/amd64").image_id


def refusal(folder: Path) -> str:
    with pytest.raises(SpecError) as refused:
        model_source(folder, "models/iris", "linux/amd64")
    return str(refused.value)


def test_the_identity_is_16_hex_characters_and_its_files_are_sorted(folder: Path) -> None:
    source = model_source(folder, "models/iris", "linux/amd64")
    assert len(source.image_id) == 16
    assert int(source.image_id, 16) >= 0
    assert source.files == ("lib/tree.py", "requirements.txt", "service.py")


MAKES_NONE: dict[str, Callable[[Path], object]] = {
    "time stamps": lambda f: os.utime(f / "service.py", (1, 1)),
    "model.yaml": lambda f: (f / "model.yaml").write_text("timeout: 5s\n"),
    "no model.yaml": lambda f: (f / "model.yaml").unlink(),
    "compiled code": lambda f: (f / "service.pyc").write_text("x"),
    "git": lambda f: shutil.copytree(f / "lib", f / ".git"),
    "an environment": lambda f: shutil.copytree(f / "lib", f / ".venv"),
    "a cache in a folder": lambda f: shutil.copytree(f / "lib", f / "lib/__pycache__"),
    "an editor's file": lambda f: (f / ".service.py.swp").write_text("x"),
    "a rule that leaves nothing out": lambda f: (f / ".bentoignore").write_text("none\n# word\n"),
    "permissions of others": lambda f: (f / "service.py").chmod(0o604),
    "an empty folder": lambda f: (f / "empty").mkdir(),
}


@pytest.mark.parametrize("change", MAKES_NONE.values(), ids=MAKES_NONE)
def test_no_new_image_comes_of(folder: Path, change: Callable[[Path], object]) -> None:
    before = image_id(folder)
    change(folder)
    assert image_id(folder) == before


MAKES_ONE: dict[str, Callable[[Path], object]] = {
    "a line of code": lambda f: (f / "service.py").write_text("# iris 2\n"),
    "a requirement": lambda f: (f / "requirements.txt").write_text("xgboost\n"),
    "the executable bit": lambda f: (f / "service.py").chmod(0o755),
    "a new file": lambda f: (f / "notes").write_text(""),
    "another name": lambda f: (f / "service.py").rename(f / "servise.py"),
    "another folder": lambda f: (f / "lib").rename(f / "lob"),
    "a model.yaml in a folder": lambda f: (f / "lib/model.yaml").write_text(""),
    "a file less": lambda f: (f / "lib/tree.py").unlink(),
    "a rule that leaves a file out": lambda f: (f / ".bentoignore").write_text("lib/\n"),
}


@pytest.mark.parametrize("change", MAKES_ONE.values(), ids=MAKES_ONE)
def test_a_new_image_comes_of(folder: Path, change: Callable[[Path], object]) -> None:
    before = image_id(folder)
    change(folder)
    assert image_id(folder) != before


def test_neither_the_place_nor_the_order_of_writing_matters(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "else" / "where"
    for name in sorted(model_source(folder, "models/iris", "linux/amd64").files, reverse=True):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes((folder / name).read_bytes())
    assert image_id(other) == image_id(folder)


def test_the_platform_is_part_of_the_identity(folder: Path) -> None:
    assert model_source(folder, "iris", "linux/arm64").image_id != image_id(folder)


def test_contents_that_change_places_make_another_image(folder: Path) -> None:
    (folder / "a").write_text("1")
    (folder / "b").write_text("2")
    before = image_id(folder)
    (folder / "a").write_text("2")
    (folder / "b").write_text("1")
    assert image_id(folder) != before


def test_bentoignore_is_read_as_gitignore_is(folder: Path) -> None:
    (folder / ".bentoignore").write_text("*.csv\n!keep.csv\n/data/\nservice.pyc\n")
    for name in ("a.csv", "keep.csv", "data/x", "lib/data/y"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text("")
    assert model_source(folder, "models/iris", "linux/amd64").files == (
        "keep.csv",
        "lib/data/y",
        "lib/tree.py",
        "requirements.txt",
        "service.py",
    )


def test_what_bentoignore_names_may_be_anything(folder: Path) -> None:
    before = image_id(folder)
    (folder / "data").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    (folder / ".bentoignore").write_text("data\npipe\n")
    assert image_id(folder) == before


_LINK = "is a link; an image holds files only, so put the file itself there"
_NEITHER = "is neither a file nor a folder; leave it out or name it in .bentoignore"
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link out": (lambda f: (f / "x").symlink_to("/etc/passwd"), f"x: {_LINK}"),
    "a link inside": (lambda f: (f / "x").symlink_to("service.py"), f"x: {_LINK}"),
    "a link to a folder": (lambda f: (f / "lib/x").symlink_to("/etc"), f"lib/x: {_LINK}"),
    "a loop": (lambda f: (f / "x").symlink_to("x"), f"x: {_LINK}"),
    "a pipe": (lambda f: os.mkfifo(f / "x"), f"x: {_NEITHER}"),
    "rules in a link": (
        lambda f: (f / ".bentoignore").symlink_to("/etc/passwd"),
        f".bentoignore: {_LINK}",
    ),
    "a rule that is none": (
        lambda f: (f / ".bentoignore").write_text("*.csv\n!\n"),
        ".bentoignore:2:1: given '!'; expected a pattern as in .gitignore",
    ),
    "a range that is none": (
        lambda f: (f / ".bentoignore").write_text("[z-a]\n"),
        ".bentoignore:1:1: given '[z-a]'; expected a pattern as in .gitignore",
    ),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("make", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_no_image_can_hold_is_refused(
    folder: Path, make: Callable[[Path], object], complaint: str
) -> None:
    make(folder)
    assert refusal(folder) == f"models/iris/{complaint}"


def test_a_socket_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # a socket's path has to be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert refusal(folder) == f"models/iris/s: {_NEITHER}"


@contextmanager
def without_privilege(folder: Path) -> Iterator[None]:
    """Root reads everything, so it has to be somebody else for a while, inside `folder`."""
    before = Path.cwd()
    folder.chmod(0o755)
    os.chdir(folder)
    os.seteuid(65534 if os.geteuid() == 0 else os.geteuid())
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        os.chdir(before)


@pytest.mark.parametrize("name", ["lib", "service.py", ".bentoignore"])
def test_what_cannot_be_read_is_refused(project: Project, folder: Path, name: str) -> None:
    (folder / ".bentoignore").write_text("")
    (folder / name).chmod(0)
    with without_privilege(project.root):
        said = refusal(Path("models/iris"))
    assert said == f"models/iris/{name}: cannot be read; check its permissions"


def test_all_refusals_of_a_folder_are_told_at_once(project: Project, folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "lib/b").symlink_to("c")
    project.stack(IRIS)
    assert project.complaint() == f"models/iris/a: {_LINK}\nmodels/iris/lib/b: {_LINK}"


def test_equal_values_have_equal_digests_whatever_their_order() -> None:
    assert digest({"a": 1, "b": [True, None]}, 8) == digest({"b": [True, None], "a": 1}, 8)
    assert digest({"a": 1}, 8) != digest({"a": "1"}, 8)
    assert digest({"a": 1}, 64).startswith(digest({"a": 1}, 8))


@pytest.mark.parametrize("part", ["catalog/recipe.yaml", "runtime/soak.py"])
def test_what_ekiben_puts_into_images_is_part_of_their_identity(
    folder: Path, tmp_path: Path, part: str
) -> None:
    package = tmp_path / "ekiben"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    before = image_id_by(package, folder)
    assert before == image_id(folder)
    with (package / part).open("a") as file:
        file.write("# changed\n")
    assert image_id_by(package, folder) != before


_IMAGE_ID = """
import sys
from pathlib import Path
from ekiben.spec import model_source
print(model_source(Path(sys.argv[1]), "iris", "linux/amd64").image_id)
"""


def image_id_by(package: Path, folder: Path) -> str:
    """The identity that another copy of Ekiben gives."""
    command = [sys.executable, "-c", _IMAGE_ID, str(folder)]
    run = subprocess.run(command, cwd=package.parent, capture_output=True, text=True, check=True)
    return run.stdout.strip()
