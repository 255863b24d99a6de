"""The command lines for Docker, and who gets it."""

import io
import os
import threading
from pathlib import Path

import pytest

from ekiben.bundle.builder import choose
from ekiben.bundle.cache import Cache
from ekiben.bundle.certificates import index_settings
from ekiben.bundle.docker import build_command, works
from ekiben.bundle.errors import Failure
from ekiben.bundle.process import Runner


def test_a_stage_is_built_for_its_platform_and_stays_with_the_daemon() -> None:
    context = Path("/c")
    command = build_command("image", context, "linux/arm64", context / "image.id", Path("/ca.pem"))
    assert command[:3] == ["docker", "buildx", "build"]
    assert "--platform=linux/arm64" in command
    assert "--target=image" in command
    assert "--load" in command
    assert "--secret=id=certificates,src=/ca.pem" in command
    assert command[-1] == "/c"


def fake(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("docker", "usable"),
    [
        ("exit 0", True),
        ("exit 1", False),
        ('[ "$1" = info ]', False),  # a daemon, but no buildx
        (None, False),
    ],
)
def test_docker_is_used_where_a_daemon_with_buildx_answers(
    tmp_path: Path, docker: str | None, usable: bool
) -> None:
    if docker is not None:
        fake(tmp_path, "docker", docker)
    assert works({"PATH": f"{tmp_path}"}) is usable


def runner(environ: dict[str, str]) -> Runner:
    return Runner(
        log=io.StringIO(),
        progress=lambda _: None,
        cancelled=threading.Event(),
        environ=environ,
        model="iris",
    )


def test_docker_comes_before_buildah(tmp_path: Path) -> None:
    fake(tmp_path, "docker", "exit 0")
    fake(tmp_path, "buildah", "exit 0")
    assert choose(Cache(tmp_path), runner({"PATH": f"{tmp_path}"})).name == "buildkit"


@pytest.mark.skipif(os.geteuid() != 0, reason="buildah needs root")
@pytest.mark.parametrize("docker", ["exit 1", "exit 0"])
def test_buildah_is_used_without_docker_or_when_asked_for(tmp_path: Path, docker: str) -> None:
    fake(tmp_path, "docker", docker)
    fake(tmp_path, "buildah", "exit 0")
    asked = {"EKIBEN_BUILDER": "buildah"} if docker == "exit 0" else {}
    assert choose(Cache(tmp_path), runner({"PATH": f"{tmp_path}", **asked})).name == "buildah"


def test_a_machine_with_neither_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="buildah is not installed") as refused:
        choose(Cache(tmp_path), runner({"PATH": f"{tmp_path}"}))
    assert refused.value.advice == "start Docker, or install buildah"


def test_the_user_s_indexes_go_into_a_settings_file_of_uv() -> None:
    text = index_settings(
        {"PIP_INDEX_URL": "https://u:p@one/simple", "PIP_EXTRA_INDEX_URL": "https://a/ https://b/"}
    )
    assert text == (
        '[[index]]\nurl = "https://a/"\n'
        '[[index]]\nurl = "https://b/"\n'
        '[[index]]\nurl = "https://u:p@one/simple"\ndefault = true\n'
    )
    assert index_settings({}) == ""
