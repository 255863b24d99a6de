"""The folder a build works from."""

import json
import os
from pathlib import Path

import pytest

from ekiben.bundle.context import lay_out
from ekiben.bundle.errors import Failure
from ekiben.bundle.recipe import recipe
from ekiben.bundle.source import ImageSource
from ekiben.spec.digest import model_source

SERVICE = "import bentoml\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "models" / "iris"
    (model / "data").mkdir(parents=True)
    (model / "service.py").write_text(SERVICE)
    (model / "requirements.txt").write_text("numpy\n")
    (model / "model.yaml").write_text("kind: realtime\n")
    (model / "data" / "weights.bin").write_bytes(b"\0" * recipe().large_file)
    return model


def source(folder: Path) -> ImageSource:
    found = model_source(folder, "models/iris", "linux/amd64")
    return ImageSource(
        model="iris", folder=folder, image_id=found.image_id, platform=found.platform
    )


def laid_out(folder: Path, where: Path) -> Path:
    uv = where.parent / "uv-binary"
    uv.write_text("uv")
    return lay_out(source(folder), recipe(), uv, where).folder


def test_each_file_is_where_its_layer_takes_it_from(folder: Path, tmp_path: Path) -> None:
    context = laid_out(folder, tmp_path / "context")
    assert (context / "code" / "service.py").read_text() == SERVICE
    assert (context / "large" / "data" / "weights.bin").stat().st_size == recipe().large_file
    assert not (context / "code" / "data").exists()
    assert (context / "requirements" / "requirements.txt").exists()
    assert json.loads((context / "meta" / "large.json").read_text()) == ["data/weights.bin"]
    # It shapes pods, not images.
    assert not (context / "code" / "model.yaml").exists()


def test_the_entry_opens_what_bentofile_names(folder: Path, tmp_path: Path) -> None:
    (folder / "bentofile.yaml").write_text('service: "service:Iris"\n')
    context = laid_out(folder, tmp_path / "context")
    assert "open_service('service:Iris')" in (context / "code" / "ekiben_entry.py").read_text()


def test_times_and_modes_are_the_same_on_every_machine(folder: Path, tmp_path: Path) -> None:
    os.chmod(folder / "service.py", 0o600)  # noqa: PTH101
    context = laid_out(folder, tmp_path / "context")
    found = (context / "code" / "service.py").stat()
    assert (found.st_mtime, found.st_mode & 0o777) == (0, 0o644)


def keys(folder: Path, where: Path) -> dict[str, str]:
    uv = where.parent / "uv-binary"
    uv.write_text("uv")
    return lay_out(source(folder), recipe(), uv, where).keys


def test_only_a_change_of_requirements_makes_the_environment_anew(
    folder: Path, tmp_path: Path
) -> None:
    before = keys(folder, tmp_path / "before")
    (folder / "service.py").write_text("import bentoml  # changed\n")
    assert keys(folder, tmp_path / "code") == before
    (folder / "requirements.txt").write_text("numpy<3\n")
    after = keys(folder, tmp_path / "requirements")
    assert {step for step in before if before[step] != after[step]} == {"install"}


def test_files_that_changed_since_the_plan_are_refused(folder: Path, tmp_path: Path) -> None:
    planned = source(folder)
    (folder / "service.py").write_text("import bentoml  # edited meanwhile\n")
    uv = tmp_path / "uv"
    uv.write_text("uv")
    with pytest.raises(Failure, match="changed after the plan") as refused:
        lay_out(planned, recipe(), uv, tmp_path / "context")
    assert planned.image_id in refused.value.cause


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    planned = source(folder)
    (folder / "secrets").symlink_to("/etc/passwd")
    uv = tmp_path / "uv"
    uv.write_text("uv")
    with pytest.raises(Failure, match=r"secrets.*is a link"):
        lay_out(planned, recipe(), uv, tmp_path / "context")


def test_a_bentofile_that_is_not_yaml_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "bentofile.yaml").write_text("service: [")
    with pytest.raises(Failure, match=r"bentofile\.yaml is not YAML"):
        laid_out(folder, tmp_path / "context")
