"""Asking a registry for a tag: adopted, absent, refused, away."""

import base64
import hashlib
import json
import threading
import time
from pathlib import Path

import pytest

from ekiben.bundle import BundleError, Cancelled, ImageSource, Registry, publish
from ekiben.bundle.errors import Failure
from ekiben.bundle.process import Stopped
from ekiben.bundle.registry import DELAYS, Unreachable, digest_of, patiently
from tests.bundle.answers import Answer, Told, telling

DIGEST = "sha256:" + "a" * 64
THERE: Answer = (200, {"Docker-Content-Digest": DIGEST})
ABSENT: Answer = (404, {})
BASIC: Answer = (401, {"WWW-Authenticate": 'Basic realm="r"'})
SECRET = base64.b64encode(b"user:secret").decode()


def ask(told: Told, auth_file: Path | None = None) -> str | None:
    registry = Registry(address=f"http://{told.address}", auth_file=auth_file)
    return digest_of(f"{told.address}/vision/iris", "0123", registry)


def credentials(file: Path, told: Told) -> Path:
    file.write_text(json.dumps({"auths": {told.address: {"auth": SECRET}}}))
    return file


def test_a_tag_that_is_there_gives_its_digest_with_one_small_request() -> None:
    with telling(THERE) as told:
        assert ask(told) == DIGEST
        assert told.asked == [("HEAD", "/v2/vision/iris/manifests/0123", "")]


def test_a_registry_that_names_no_digest_is_asked_for_the_manifest() -> None:
    manifest = b'{"schemaVersion": 2}'
    with telling((200, {}), (200, {}, manifest)) as told:
        assert ask(told) == f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def test_a_path_in_the_address_is_part_of_the_repository() -> None:
    with telling(THERE) as told:
        registry = Registry(address=f"http://{told.address}/ml")
        assert digest_of(f"{told.address}/ml/vision/iris", "0123", registry) == DIGEST
        assert told.asked == [("HEAD", "/v2/ml/vision/iris/manifests/0123", "")]


def test_a_tag_that_is_absent_gives_nothing() -> None:
    with telling(ABSENT) as told:
        assert ask(told) is None


def test_basic_credentials_are_sent_when_asked_for(tmp_path: Path) -> None:
    with telling(BASIC, THERE) as told:
        assert ask(told, credentials(tmp_path / "auth.json", told)) == DIGEST
        assert [asked[2] for asked in told.asked] == ["", f"Basic {SECRET}"]


def test_a_token_is_fetched_where_the_registry_wants_one(tmp_path: Path) -> None:
    token: Answer = (200, {}, b'{"token": "t0k"}')
    with telling(ABSENT) as told:
        realm = f'Bearer realm="http://{told.address}/token",service="s",scope="repository:x:pull"'
        told.answers[:] = [(401, {"WWW-Authenticate": realm}), token, THERE]
        assert ask(told, credentials(tmp_path / "auth.json", told)) == DIGEST
        assert told.asked[1] == (
            "GET",
            "/token?service=s&scope=repository%3Ax%3Apull",
            f"Basic {SECRET}",
        )
        assert told.asked[2][2] == "Bearer t0k"


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_named_by_their_file_and_never_shown(
    tmp_path: Path, status: int
) -> None:
    with telling(BASIC, (status, {})) as told:
        file = credentials(tmp_path / "auth.json", told)
        with pytest.raises(Failure, match="refuses the credentials in") as refused:
            ask(told, file)
    assert str(file) in refused.value.cause
    assert "secret" not in refused.value.cause
    assert SECRET not in refused.value.cause


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_in_trouble_can_be_asked_again(status: int) -> None:
    with telling((status, {})) as told, pytest.raises(Unreachable, match=f"HTTP {status}"):
        ask(told)


def test_nobody_at_the_address_can_be_asked_again() -> None:
    with telling(ABSENT) as told:
        pass
    with pytest.raises(Unreachable, match="refused"):
        ask(told)


@pytest.mark.parametrize("text", ["no json", "[]", '{"auths": 3}'])
def test_credentials_that_cannot_be_read_are_a_clear_failure(tmp_path: Path, text: str) -> None:
    file = tmp_path / "auth.json"
    file.write_text(text)
    with telling(BASIC) as told, pytest.raises(Failure, match=r"auth\.json cannot be read"):
        ask(told, file)


def test_certificates_that_cannot_be_read_are_a_clear_failure(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_text("nothing")
    with pytest.raises(Failure, match="holds no certificates"):
        digest_of("127.0.0.1:1/a/b", "0123", Registry(address="127.0.0.1:1", ca_file=file))


def test_waiting_grows_and_ends_within_half_a_minute() -> None:
    asked, waits = list[str](), list[float]()

    def away() -> str | None:
        asked.append("asked")
        raise Unreachable("connection refused")

    with pytest.raises(Failure, match="does not answer: connection refused"):
        patiently(
            away,
            waiting=lambda _, delay: waits.append(delay),
            cancelled=threading.Event(),
            delays=(0.0, 0.01, 0.02),
        )
    assert len(asked) == 4
    assert waits == [0.0, 0.01, 0.02]
    assert 25 <= sum(DELAYS) <= 35
    assert list(DELAYS) == sorted(DELAYS)


def test_a_registry_that_comes_back_is_used() -> None:
    answers = iter(["", "", DIGEST])

    def ask_it() -> str | None:
        answer = next(answers)
        if not answer:
            raise Unreachable("x")
        return answer

    found = patiently(
        ask_it, waiting=lambda *_: None, cancelled=threading.Event(), delays=(0.0, 0.0, 0.0)
    )
    assert found == DIGEST


def test_cancelling_ends_the_wait() -> None:
    cancelled = threading.Event()

    def away() -> str | None:
        raise Unreachable("x")

    began = time.monotonic()
    with pytest.raises(Stopped):
        patiently(away, waiting=lambda *_: cancelled.set(), cancelled=cancelled, delays=(60.0,))
    assert time.monotonic() - began < 5


def iris(tmp_path: Path) -> ImageSource:
    return ImageSource(
        model="iris",
        folder=tmp_path / "iris",
        image_id="0123456789abcdef",
        platform="linux/amd64",
    )


def test_publishing_adopts_a_tag_without_looking_at_the_folder_or_for_a_builder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EKIBEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "")
    said = list[str]()
    with telling(THERE) as told:
        digest = publish(
            iris(tmp_path),
            f"{told.address}/vision/iris",
            Registry(address=f"http://{told.address}"),
            progress=said.append,
            cancelled=threading.Event(),
        )
    assert digest == DIGEST
    assert told.asked[0][1] == "/v2/vision/iris/manifests/0123456789abcdef"
    assert said == ["image 0123456789abcdef is there already"]


def test_publishing_with_refused_credentials_fails_at_once_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EKIBEN_CACHE", str(tmp_path / "cache"))
    with telling(BASIC) as told, pytest.raises(BundleError) as refused:
        publish(
            iris(tmp_path),
            f"{told.address}/vision/iris",
            Registry(address=f"http://{told.address}"),
            progress=lambda _: None,
            cancelled=threading.Event(),
        )
    assert refused.value.stage == "push"
    assert "refuses anonymous access (401" in str(refused.value)
    assert str(tmp_path / "cache" / "logs") in str(refused.value)


def test_a_cancelled_publish_says_so_while_the_registry_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EKIBEN_CACHE", str(tmp_path / "cache"))
    cancelled = threading.Event()
    with telling((503, {})) as told, pytest.raises(Cancelled):
        publish(
            iris(tmp_path),
            f"{told.address}/vision/iris",
            Registry(address=f"http://{told.address}"),
            progress=lambda _: cancelled.set(),
            cancelled=cancelled,
        )
