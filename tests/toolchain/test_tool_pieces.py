"""The pure parts: versions, folder names, checksum files, apt's plan, scripts, progress."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from local.toolchain.keys import Machine, folder_name, said
from local.toolchain.places import GO_MODULES, default_places
from local.toolchain.progress import Plain
from local.toolchain.recipe import Debian, GoBuild
from local.toolchain.rows.node import ETCD, PAUSE
from local.toolchain.table import TOOLS
from local.toolchain.versions import misfit, version_in
from local.toolchain.ways.debian import drop_special_bits, planned, script
from local.toolchain.ways.download import digest_for
from local.toolchain.ways.go_module import Advance

BOOKWORM = Machine("x86_64", "debian-bookworm", ())


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("v3.272.0\n", "3.272.0"),
        ("etcd Version: 3.4.23\nGit SHA: Not provided", "3.4.23"),
        ("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3", "1.6.20"),
        ("docker-registry github.com/docker/distribution v2.8.2+unknown", "2.8.2"),
        ("go version go1.26.8 linux/amd64", "1.26.8"),
        ("nftables v1.0.6 (Lester Gooch #5)", "1.0.6"),
        ("Kubernetes v1.34.3", "1.34.3"),
        ("resource-kubernetes-v4.34.2", "4.34.2"),
        ("buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)", "1.28.2"),
        ("usage: lamp [options]", None),
    ],
)
def test_a_program_says_its_version_in_many_ways(said: str, version: str | None) -> None:
    assert version_in(said) == version


@pytest.mark.parametrize(
    ("version", "suits"),
    [("3.200.0", True), ("3.1000", True), ("3.199.9", False), ("4.0.0", False)],
)
def test_versions_are_compared_as_numbers(version: str, suits: bool) -> None:
    assert (misfit(version, "3.200", "4") is None) == suits


def test_a_folder_is_named_anew_when_what_it_is_built_from_changes(tmp_path: Path) -> None:
    (way,) = PAUSE.ways
    modules = tmp_path / "go"
    shutil.copytree(GO_MODULES, modules)

    def name() -> str:
        return folder_name(PAUSE, way, BOOKWORM, modules)

    before = name()
    assert before == folder_name(PAUSE, way, BOOKWORM)
    assert before.startswith("pause-1-")
    (modules / "coredns" / "go.mod").write_text("another module's")
    assert name() == before
    (modules / "pause" / "go.mod").write_text("module ekiben.local/pause\n\ngo 1.25.0\n")
    assert name() != before


def test_a_folder_is_named_anew_with_version_and_machine() -> None:
    (way,) = PAUSE.ways
    assert isinstance(way, GoBuild)
    other = replace(way, version="2")
    arm = replace(BOOKWORM, arch="aarch64")
    names = {
        folder_name(PAUSE, way, BOOKWORM),
        folder_name(PAUSE, other, BOOKWORM),
        folder_name(PAUSE, way, arm),
    }
    assert len(names) == 3


def test_what_a_recipe_says_by_a_later_field_counts_and_its_silence_does_not() -> None:
    (way,) = PAUSE.ways
    assert isinstance(way, GoBuild)
    (module,) = way.modules
    silent = folder_name(PAUSE, way, BOOKWORM)
    for more in (replace(module, before=("one",)), replace(module, after=(("pause",),))):
        assert folder_name(PAUSE, replace(way, modules=(more,)), BOOKWORM) != silent
    assert said([("before", ()), ("fills", ())]) == {"fills": ()}


def test_distribution_packages_belong_to_a_release_and_builds_do_not() -> None:
    trixie = replace(BOOKWORM, release="debian-trixie")
    debian = next(way for way in ETCD.ways if isinstance(way, Debian))
    (build,) = PAUSE.ways
    assert folder_name(ETCD, debian, BOOKWORM) != folder_name(ETCD, debian, trixie)
    assert folder_name(PAUSE, build, BOOKWORM) == folder_name(PAUSE, build, trixie)


def test_no_two_tools_provide_one_name_and_each_can_be_had_without_downloads() -> None:
    names = [name for tool in TOOLS for name in tool.provides]
    assert len(names) == len(set(names))
    for tool in TOOLS:
        assert type(tool.ways[-1]).__name__ in ("Debian", "GoBuild", "Wheel"), tool.name


@pytest.mark.parametrize("text", ["{}\n", "{}  lamp\n", "{} *lamp\n", "0  other\n{}  lamp\n"])
def test_checksum_files_come_in_several_shapes(text: str) -> None:
    digest = "ab" * 32
    assert digest_for("lamp", text.format(digest), "sums") == digest


def test_apts_plan_tells_what_is_missing_but_never_the_c_library() -> None:
    plan = [
        "Inst libc6 [2.36-9] (2.36-9+deb12u10 Debian:12.15 [amd64]) []",
        "Inst login [1:4.13-1] (1:4.13-2 Debian:12.15/oldstable [amd64])",
        "Inst buildah (1.28.2+ds1-3 Debian:12.15/oldstable [amd64])",
        "Conf buildah (1.28.2+ds1-3 Debian:12.15/oldstable [amd64])",
    ]
    assert planned(plan) == {"login": "1:4.13-2", "buildah": "1.28.2+ds1-3"}


def test_a_script_puts_our_search_paths_first_and_leaves_the_callers_choices(
    tmp_path: Path,
) -> None:
    wrapper = tmp_path / "lamp"
    wrapper.write_text(
        script(Path("/usr/bin/env"), {"LIBS": ["/ours", "/more"]}, {"CONF": ["/ours"], "A": ["x"]})
    )
    wrapper.chmod(0o755)
    environ = {"PATH": os.environ["PATH"], "LIBS": "/theirs", "CONF": "/theirs"}
    said = subprocess.run([wrapper], env=environ, capture_output=True, text=True, check=True).stdout
    told = dict(line.split("=", 1) for line in said.splitlines())
    assert (told["LIBS"], told["CONF"], told["A"]) == ("/ours:/more:/theirs", "/theirs", "x")


def test_a_cold_build_advances_package_by_package() -> None:
    order = [f"p{n}" for n in range(200)]
    advance = Advance(order)
    shares = [advance.with_package(package) for package in order]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(1 / 200)
    assert shares[99] == pytest.approx(0.5, abs=0.01)
    assert shares[-1] == 1.0


def test_a_build_that_goes_on_starts_where_the_last_one_ended() -> None:
    order = [f"p{n}" for n in range(200)]
    advance = Advance(order)
    assert advance.with_package("p150") == pytest.approx(151 / 200)
    assert advance.with_package("not a package") == pytest.approx(151 / 200)


def test_a_package_that_comes_too_early_moves_the_bar_by_itself_only() -> None:
    order = [f"p{n}" for n in range(200)]
    advance = Advance(order)
    for package in order[:10]:
        before = advance.with_package(package)
    assert advance.with_package("p199") == pytest.approx(before + 1 / 200)


def test_unpacked_programs_keep_no_special_rights(tmp_path: Path) -> None:
    program = tmp_path / "usr" / "su"
    program.parent.mkdir()
    program.touch()
    program.chmod(0o4755)
    (tmp_path / "link").symlink_to("/nowhere")
    drop_special_bits(tmp_path)
    assert program.stat().st_mode & 0o7777 == 0o755


def test_the_cache_can_be_moved() -> None:
    assert default_places({"EKIBEN_CACHE": "/srv/x"}).root == Path("/srv/x")
    assert default_places({"XDG_CACHE_HOME": "/srv/y"}).root == Path("/srv/y/ekiben")


def test_plain_progress_tells_ends_always_and_steps_now_and_then() -> None:
    out = io.StringIO()
    plain = Plain(out)
    plain.start("lamp")
    for package in ("a", "b", "c"):
        plain.say("lamp", f"compiling {package}", 0.5)
    plain.done("lamp", "2.5.0")
    first, last = out.getvalue().splitlines()
    assert first.split() == ["lamp", "0", "s", "50%", "compiling", "a"]
    assert last.split() == ["lamp", "0", "s", "2.5.0"]
