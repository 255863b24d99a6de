"""Which builder a machine gets, and why it does not get Docker."""

import io
import json
import os
import threading
from pathlib import Path

import pytest

from ekiben.bundle.builder import choose
from ekiben.bundle.cache import Cache
from ekiben.bundle.daemon import Answer, Unusable, judged
from ekiben.bundle.docker import Docker
from ekiben.bundle.errors import Failure
from ekiben.bundle.process import Runner

BUILDX = Answer(out="github.com/docker/buildx 0.13.1+ds1-3")


def version(server: object) -> Answer:
    return Answer(out=json.dumps({"Client": {"Version": "28.2.2"}, "Server": server}))


def engine(number: str, system: str = "linux", name: str = "Engine") -> Answer:
    return version({"Version": number, "Os": system, "Components": [{"Name": name}]})


def context(host: str, name: str = "default") -> Answer:
    return Answer(out=f"{name} {host}\n")


LOCAL = context("unix:///var/run/docker.sock")


@pytest.mark.parametrize(
    ("number", "where", "builder"),
    [
        ("26.1.5+dfsg1", LOCAL, "default"),
        ("28.5.2", context("unix:///run/user/1000/docker.sock", "rootless"), "rootless"),
        ("29.0.1", context("unix:///home/a/.docker/desktop/docker.sock", "desktop"), "desktop"),
    ],
)
def test_the_builder_is_the_one_of_the_daemon_s_context(
    number: str, where: Answer, builder: str
) -> None:
    assert judged(engine(number), where, BUILDX, anywhere=False) == builder


DENIED = "permission denied while trying to connect to the Docker daemon socket"
NONE = Answer(code=1, out=version(None).out, error=f"{DENIED}\n")


@pytest.mark.parametrize(
    ("docker", "where", "buildx", "reason"),
    [
        (NONE, LOCAL, BUILDX, f"no Docker daemon answers: {DENIED}"),
        (engine("20.10.24+dfsg1"), LOCAL, BUILDX, "version 20.10.24+dfsg1, and builds need 24.0"),
        (engine("28.0", "windows"), LOCAL, BUILDX, "windows containers"),
        (engine("28.0"), LOCAL, Answer(code=1), "buildx is not installed"),
        (engine("28.0"), LOCAL, Answer(out="github.com/docker/buildx v0.9.1"), "older than 0.10"),
        (engine("28.0"), context("ssh://build@far"), BUILDX, "ssh://build@far may be on another"),
        (engine("28.0"), Answer(code=1, error="no such context"), BUILDX, "no such context"),
        (engine("5.4.2", name="Podman Engine"), LOCAL, BUILDX, "Podman"),
        (Answer(out='{"Client": {"Version": "5.4.2"}}'), Answer(code=125), BUILDX, "Podman"),
        (Answer(out="Emulate Docker CLI using podman."), Answer(code=125), BUILDX, "Podman"),
    ],
)
def test_docker_that_cannot_build_is_told_apart_with_the_reason(
    docker: Answer, where: Answer, buildx: Answer, reason: str
) -> None:
    with pytest.raises(Unusable) as refused:
        judged(docker, where, buildx, anywhere=False)
    assert reason in str(refused.value)


def test_a_daemon_on_another_machine_is_used_when_asked_for() -> None:
    far = context("tcp://10.0.0.9:2376", "farm")
    assert judged(engine("28.0"), far, BUILDX, anywhere=True) == "farm"


WORKING = f"""case $1 in
version) echo '{engine("28.5.2").out}' ;;
context) echo '{LOCAL.out.strip()}' ;;
buildx) echo '{BUILDX.out}' ;;
esac"""
"""A `docker` whose daemon can build."""

ABSENT = "echo 'Cannot connect to the Docker daemon' >&2; exit 1"


def fake(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def chosen(folder: Path, **environ: str) -> object:
    log = io.StringIO()
    runner = Runner(
        log=log,
        progress=lambda _: None,
        cancelled=threading.Event(),
        environ={"PATH": f"{folder}", **environ},
        model="iris",
    )
    return choose(Cache(folder), runner, "linux/amd64")


def test_docker_comes_before_buildah(tmp_path: Path) -> None:
    fake(tmp_path, "docker", WORKING)
    fake(tmp_path, "buildah", "exit 0")
    docker = chosen(tmp_path)
    assert isinstance(docker, Docker)
    assert docker.builder == "default"


@pytest.mark.skipif(os.geteuid() != 0, reason="buildah needs root")
@pytest.mark.parametrize(("docker", "named"), [(ABSENT, ""), (WORKING, "buildah")])
def test_buildah_is_used_without_docker_or_when_asked_for(
    tmp_path: Path, docker: str, named: str
) -> None:
    fake(tmp_path, "docker", docker)
    fake(tmp_path, "buildah", "exit 0")
    assert not isinstance(chosen(tmp_path, EKIBEN_BUILDER=named), Docker)


@pytest.mark.parametrize(
    ("docker", "named", "cause", "advice"),
    [
        (
            None,
            "",
            "docker is not installed, and buildah is not installed",
            "start Docker, or install buildah",
        ),
        (
            ABSENT,
            "docker",
            "EKIBEN_BUILDER is docker, but no Docker daemon answers: "
            "Cannot connect to the Docker daemon",
            "mend it, or unset EKIBEN_BUILDER to build with buildah",
        ),
        (
            WORKING,
            "buildah",
            "EKIBEN_BUILDER is buildah, and buildah is not installed",
            "unset EKIBEN_BUILDER, or install buildah",
        ),
        (
            WORKING,
            "podman",
            "EKIBEN_BUILDER is 'podman'",
            "set EKIBEN_BUILDER to docker or buildah, or unset it",
        ),
    ],
)
def test_a_machine_that_cannot_build_is_told_why_and_what_to_do(
    tmp_path: Path, docker: str | None, named: str, cause: str, advice: str
) -> None:
    if docker is not None:
        fake(tmp_path, "docker", docker)
    with pytest.raises(Failure) as refused:
        chosen(tmp_path, EKIBEN_BUILDER=named)
    assert (refused.value.cause, refused.value.advice) == (cause, advice)
