"""From how a step ended to a message that can be acted on."""

from pathlib import Path

import pytest

from ekiben.bundle.diagnosis import of_build, of_push
from ekiben.bundle.errors import BundleError, Cancelled, Failure
from ekiben.bundle.process import Finished
from ekiben.bundle.registry import Unreachable
from ekiben.bundle.source import ImageSource, Registry

SOURCE = ImageSource(
    model="iris",
    folder=Path("/p/models/iris"),
    image_id="0123456789abcdef",
    platform="linux/amd64",
)
REGISTRY = Registry(address="registry:5000", auth_file=Path("/p/auth.json"))


def smoke(verdict: str) -> Failure:
    done = Finished(1, ("loading", f'{{"ekiben": {{"ok": false, {verdict}}}}}'))
    return of_build("smoke", done, SOURCE, 180)


@pytest.mark.parametrize(
    ("verdict", "cause"),
    [
        ('"cause": "exited", "detail": "exit status 3"', "ended before it was ready"),
        (
            '"cause": "not-ready", "detail": "/readyz answered 503"',
            "within 180 s (/readyz answered",
        ),
        ('"cause": "sample", "detail": "/predict answered 500: x"', "sample request failed: /pred"),
        ('"cause": "import", "detail": "exit status 1"', "importing the service failed"),
    ],
)
def test_each_verdict_of_the_smoke_test_has_its_words(verdict: str, cause: str) -> None:
    failure = smoke(verdict)
    assert cause in failure.cause
    assert failure.lines[-1] == "loading"
    assert "without a network" in failure.advice


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("error: No solution found", "change requirements.txt"),
        ("error: Failed to build `x`", "no compiler"),
        ("error: Failed to fetch: `x`", "reaches its Python package index"),
        ("error: In `--require-hashes` mode, all must have a hash", "ekiben lock"),
    ],
)
def test_requirements_that_fail_come_with_the_advice_that_fits(said: str, advice: str) -> None:
    failure = of_build("requirements", Finished(1, (said,)), SOURCE, 180)
    assert failure.cause == said.removeprefix("error: ")
    assert advice in failure.advice


def test_a_missing_package_is_said_to_be_missing_from_the_requirements() -> None:
    lines = (
        "Traceback (most recent call last):",
        '  File "/app/bento/src/service.py", line 1, in <module>',
        "    import torch",
        "ModuleNotFoundError: No module named 'torch'",
        '{"ekiben": {"cause": "import"}}',
    )
    failure = of_build("bento", Finished(1, lines), SOURCE, 180)
    assert failure.cause == "importing the service raised ModuleNotFoundError"
    assert failure.advice == "'torch' is not installed; add its package to requirements.txt"


def test_a_full_disk_is_called_one() -> None:
    failure = of_build("bento", Finished(1, ("write: no space left on device",)), SOURCE, 180)
    assert failure.cause == "the disk is full"


@pytest.mark.parametrize(
    "said",
    [
        "dial tcp 127.0.0.1:5000: connect: connection refused",
        "received unexpected HTTP status: 503 Service Unavailable",
        "net/http: TLS handshake timeout",
        'time="2026-11-25T04:40:00Z" level=fatal msg="dial tcp: connect: connection refused"',
    ],
)
def test_a_registry_that_is_away_may_come_back(said: str) -> None:
    assert isinstance(of_push(Finished(125, (said,)), REGISTRY), Unreachable)


@pytest.mark.parametrize(
    "said", ["unauthorized: authentication required", "denied: requested access is denied"]
)
def test_refused_credentials_are_not_tried_again_and_named(said: str) -> None:
    failure = of_push(Finished(125, (said,)), REGISTRY)
    assert isinstance(failure, Failure)
    assert "/p/auth.json" in failure.advice


def test_what_skopeo_logs_is_told_without_its_wrapping() -> None:
    said = 'time="2026-11-25T04:40:00Z" level=fatal msg="writing blob: \\"x\\" is too large"'
    failure = of_push(Finished(1, (said,)), REGISTRY)
    assert isinstance(failure, Failure)
    assert failure.cause == 'writing blob: "x" is too large'


def test_a_builder_that_gave_up_is_not_taken_for_the_model_s_fault() -> None:
    done = Finished(1, ("#1 DONE 0.0s", "ERROR: failed to build: no such daemon"))
    failure = of_build("requirements", done, SOURCE, 180)
    assert failure.cause == "BuildKit gave up: no such daemon"


def test_the_message_is_complete() -> None:
    error = BundleError(
        model="iris",
        stage="smoke",
        cause="the service ended before it was ready",
        lines=["KeyError: 'b'"],
        advice="mend it",
        log=Path("/cache/logs/build-iris-0123.log"),
    )
    assert str(error).splitlines() == [
        "model iris: the smoke test failed, so nothing was pushed: "
        "the service ended before it was ready",
        "    KeyError: 'b'",
        "  what to do: mend it",
        "  full log: /cache/logs/build-iris-0123.log",
    ]


def test_a_cancelled_build_is_a_bundle_error_of_its_own_kind() -> None:
    error = Cancelled("iris", "requirements")
    assert isinstance(error, BundleError)
    assert "cancelled" in str(error)
