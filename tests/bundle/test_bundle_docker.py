"""What Docker and skopeo are asked to do."""

from pathlib import Path

import pytest

from ekiben.bundle.certificates import index_settings
from ekiben.bundle.docker import build_options, platforms
from ekiben.bundle.source import Registry
from ekiben.bundle.transfer import skopeo


def test_a_stage_is_built_with_what_the_machine_lends_to_it() -> None:
    lent = (Path("/ca.pem"), ["no_proxy", "HTTPS_PROXY"])
    options = build_options("smoke", Path("/c"), *lent, ["--output=type=cacheonly"])
    assert "--target=smoke" in options
    assert "--secret=id=certificates,src=/ca.pem" in options
    assert "--secret=id=index,src=/c/meta/uv.toml" in options
    assert "--output=type=cacheonly" in options
    assert [o for o in options if "PROXY" in o.upper()] == [
        "--build-arg=HTTPS_PROXY",
        "--build-arg=no_proxy",
    ]
    assert options[-2:] == ["--file=/c/Containerfile", "/c"]


def test_the_daemon_s_platforms_are_read_with_those_it_emulates() -> None:
    said = [
        "Name:          default",
        "Driver:        docker",
        "BuildKit version: v0.25.1",
        "Platforms:        linux/amd64*, linux/amd64/v2, linux/arm64",
    ]
    assert platforms(said) == {"linux/amd64", "linux/amd64/v2", "linux/arm64"}


@pytest.mark.parametrize(
    ("address", "verified"), [("registry:5000", "true"), ("http://registry:5000", "false")]
)
def test_a_push_depends_on_what_is_known_of_the_registry_alone(
    tmp_path: Path, address: str, verified: str
) -> None:
    authority, credentials = tmp_path / "own.pem", tmp_path / "auth.json"
    authority.write_text("certificate")
    registry = Registry(address=address, ca_file=authority, auth_file=credentials)
    archive, digest = tmp_path / "image.tar", tmp_path / "digest"
    command = skopeo(archive, "registry:5000/a/b", "tag", registry, tmp_path, digest)
    assert f"--dest-tls-verify={verified}" in command
    assert f"--dest-authfile={credentials}" in command
    assert f"--dest-cert-dir={tmp_path / 'trusted'}" in command
    assert (tmp_path / "trusted" / "ca.crt").read_text() == "certificate"
    anonymous = skopeo(archive, "a", "t", Registry(address=address), tmp_path, digest)
    assert f"--dest-authfile={tmp_path / 'nobody.json'}" in anonymous
    assert command[-2:] == [f"docker-archive:{archive}", "docker://registry:5000/a/b:tag"]


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
