"""Credentials for Amazon's registry, asked of a fake AWS."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.bundle.ecr import signed_in
from ekiben.bundle.errors import Failure
from ekiben.bundle.source import Registry
from tests.aws.running import FakeAws, in_this_process

pytestmark = pytest.mark.fake

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ECR = Registry(address=f"{HOST}/prod", ecr_region="us-east-1")


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    with in_this_process() as running:
        yield running


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, aws: FakeAws) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    return monkeypatch


def test_the_password_is_in_a_file_of_ones_own_and_goes_with_the_work(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("AWS_ACCESS_KEY_ID", "A" * 20)
    environment.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    with signed_in(ECR) as known:
        file = known.auth_file
        assert file is not None
        assert file.stat().st_mode & 0o077 == 0
        auth = json.loads(file.read_text())["auths"][HOST]["auth"]
        assert base64.b64decode(auth).startswith(b"AWS:")
        assert known.address == ECR.address
    assert not file.exists()


def test_without_credentials_of_aws_the_push_says_what_to_do(
    environment: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(Failure) as failed, signed_in(ECR):
        pass
    assert failed.value.stage == "push"
    assert "no password for its registry in us-east-1: Unable to locate credentials" in str(
        failed.value
    )
    assert "aws sso login" in failed.value.advice
    assert environment


def test_any_other_registry_is_taken_as_it_is() -> None:
    given = Registry(address="registry.example.com", auth_file=Path("auth.json"))
    with signed_in(given) as known:
        assert known is given
