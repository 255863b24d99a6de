"""Small pieces: parsing what the kernel and programs say, images, files."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import stat
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from local.cluster import files, images, machine, mounts, oci, pods
from local.cluster.errors import ClusterError


def test_what_the_nodes_own_folders_would_hide_is_shown_again() -> None:
    kept = [Path("/home/x"), Path("/var/lib/ci"), Path("/var/lib/ci/venv"), Path("/runner")]
    assert mounts.hidden(kept) == [Path("/var/lib/ci")]


def test_running_containers_are_read_from_the_listing() -> None:
    listing = "TASK    PID     STATUS\nabc     1234    RUNNING\ndef     99      STOPPED\n"
    assert pods.parse_tasks(listing) == [1234]
    assert pods.parse_tasks("TASK    PID     STATUS\n") == []


def test_libraries_are_read_from_the_listing() -> None:
    listing = """\
\tlinux-vdso.so.1 (0x00007f9fb4528000)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f9fad320000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f9fb452a000)
"""
    assert images.parse_libraries(listing) == [
        Path("/lib/x86_64-linux-gnu/libm.so.6"),
        Path("/lib64/ld-linux-x86-64.so.2"),
    ]


def test_a_program_that_does_not_run_here_says_so(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("no program")
    with pytest.raises(ClusterError, match="program"):
        images.libraries(tmp_path / "program")


@pytest.mark.parametrize(
    ("effective", "may"), [("000001fffeffffff", False), ("000001ffffffffff", True)]
)
def test_the_right_to_raise_priority_is_bit_24(effective: str, may: bool) -> None:
    assert machine.may_raise_priority(f"Name:\tx\nCapEff:\t{effective}\n") is may


@pytest.fixture
def recipe(tmp_path: Path) -> oci.ImageRecipe:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + os.urandom(100_000))
    program.chmod(0o755)
    files_in: dict[str, Path | str] = {"/usr/bin/program": program, "/etc/passwd": "root:x:0:0\n"}
    return oci.ImageRecipe("a/b", "1", files_in, ["/usr/bin/program"], "65532", {}, ("/tmp",))


def test_an_image_is_the_same_bytes_every_time(recipe: oci.ImageRecipe, tmp_path: Path) -> None:
    one, two = (oci.make(recipe, tmp_path / name) for name in ("one", "two"))
    assert one.manifest.digest == two.manifest.digest


def test_an_images_parts_are_named_by_their_digests(
    recipe: oci.ImageRecipe, tmp_path: Path
) -> None:
    image = oci.make(recipe, tmp_path / "images")
    for blob in (image.manifest, *image.parts):
        assert hashlib.sha256(blob.path.read_bytes()).hexdigest() == blob.path.name


def test_an_images_layer_holds_what_the_recipe_says(
    recipe: oci.ImageRecipe, tmp_path: Path
) -> None:
    config, layer = oci.make(recipe, tmp_path / "images").parts
    content = gzip.decompress(layer.path.read_bytes())
    described = json.loads(config.path.read_text())
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert described["rootfs"]["diff_ids"] == [digest]
    assert described["config"]["User"] == "65532"
    with tarfile.open(layer.path) as archive:
        modes = {entry.name: entry.mode for entry in archive}
        assert archive.extractfile("etc/passwd").read() == b"root:x:0:0\n"  # type: ignore[union-attr]
    assert modes["usr/bin/program"] == 0o755
    assert modes["tmp"] == 0o1777


def test_an_image_that_was_cut_short_is_made_again(recipe: oci.ImageRecipe, tmp_path: Path) -> None:
    half = tmp_path / "images/making/blobs/sha256"
    half.mkdir(parents=True)
    (half / "layer.new").write_bytes(b"half of a layer")
    image = oci.make(recipe, tmp_path / "images")
    assert [part.path.exists() for part in image.parts] == [True, True]
    assert not (tmp_path / "images/making").exists()


def test_another_program_makes_another_image(recipe: oci.ImageRecipe, tmp_path: Path) -> None:
    other = replace(recipe, files={**recipe.files, "/etc/passwd": "other\n"})
    assert other.key != recipe.key
    one, two = (oci.make(each, tmp_path / "images") for each in (recipe, other))
    assert one.manifest.digest != two.manifest.digest


def test_a_file_is_replaced_whole_and_private_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "secret"
    files.write(path, "one", files.PRIVATE)
    files.write(path, "two", files.PRIVATE)
    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]


def test_an_equal_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert files.write_if_changed(path, "one") is True
    before = path.stat().st_ino
    assert files.write_if_changed(path, "one") is False
    assert path.stat().st_ino == before
    assert files.write_if_changed(path, "two") is True
