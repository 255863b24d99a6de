"""Turns how a step ended into what its model's owner has to know. Pure."""

import re

from .errors import Failure, Stage
from .process import Finished
from .reasons import (
    builder_reason,
    last_lines,
    missing_module,
    plain,
    resolver_reason,
    traceback_of,
    verdict_of,
)
from .registry import Unreachable
from .source import ImageSource, Registry

REFUSED = re.compile(r"unauthorized|authentication required|denied|status 40[13]\b", re.IGNORECASE)
PASSING = re.compile(
    r"connection refused|connection reset|timeout|timed out|EOF|no such host|no route to host"
    r"|broken pipe|too ?many ?requests|status 5\d\d|50[0-4] ",
    re.IGNORECASE,
)
FULL = "no space left on device"

DAEMON = "run it again; if that does not help, see what Docker's daemon logs"
NO_INDEX = "check that this machine reaches its Python package index (index settings, proxies)"
NO_COMPILER = "images have no compiler; choose a version that has a wheel for this Python"
NO_HASHES = "requirements.lock needs a hash for every package; write it with `ekiben lock`"
UNRESOLVED = "change requirements.txt; if there is a requirements.lock, write it with `ekiben lock`"
REQUIREMENTS_ADVICE = (
    (re.compile(r"--require-hashes"), NO_HASHES),
    (re.compile(r"Failed to build"), NO_COMPILER),
    (re.compile(r"Failed to fetch|error sending request|dns error|tcp connect"), NO_INDEX),
)
ALONE = (
    "the test runs without a network and without the env and secrets of model.yaml; "
    "`smoke: import` in model.yaml tries less"
)


def of_build(stage: Stage, done: Finished, source: ImageSource, deadline: int) -> Failure:
    """The failure of a build stage; `deadline` is the smoke test's, in seconds."""
    if any(FULL in line for line in done.lines):
        return Failure(stage, "the disk is full", advice="free space where the cache lies")
    gave_up = builder_reason(done.lines)
    if gave_up:
        return Failure(stage, f"BuildKit gave up: {gave_up}", advice=DAEMON)
    trace = traceback_of(done.lines, "/".join(source.folder.resolve().parts[-2:]))
    if stage == "requirements":
        return _requirements(done)
    return _bento(done, trace) if stage == "bento" else _smoke(done, trace, deadline)


def of_push(done: Finished, registry: Registry) -> Failure | Unreachable:
    """Why a push failed: Unreachable where another attempt may do."""
    said = next((line for line in reversed(plain(done.lines)) if line.strip()), "no message")
    if REFUSED.search(said):
        source = registry.auth_file or "none given"
        advice = f"renew the credentials ({source}), or check that they may push there"
        return Failure("push", f"{registry.host} refuses it: {said}", advice=advice)
    if PASSING.search(said):
        return Unreachable(said)
    return Failure("push", said, last_lines(done.lines, 5))


def _requirements(done: Finished) -> Failure:
    what, *causes = resolver_reason(done.lines) or ["uv failed", *last_lines(done.lines)]
    whole = "\n".join([what, *causes])
    advice = (text for pattern, text in REQUIREMENTS_ADVICE if pattern.search(whole))
    return Failure("requirements", what, causes[-12:], next(advice, UNRESOLVED))


def _bento(done: Finished, trace: list[str]) -> Failure:
    if verdict_of(done.lines).get("cause") != "import":
        return Failure("bento", "bentoml could not build it", last_lines(done.lines))
    if not trace:
        return Failure("bento", "importing the service failed", last_lines(done.lines))
    kind = trace[-1].partition(":")[0]
    return Failure("bento", f"importing the service raised {kind}", trace, _advice(trace))


def _smoke(done: Finished, trace: list[str], deadline: int) -> Failure:
    verdict = verdict_of(done.lines) or {"cause": "exited", "detail": "the test itself ended"}
    cause = {
        "exited": f"the service ended before it was ready ({verdict['detail']})",
        "not-ready": f"the service was not ready within {deadline} s ({verdict['detail']})",
        "sample": f"the sample request failed: {verdict['detail']}",
        "import": f"importing the service failed ({verdict['detail']})",
    }[verdict["cause"]]
    lines = [*trace, "last lines:", *last_lines(done.lines)]
    return Failure("smoke", cause, lines, _advice(trace) or ALONE)


def _advice(trace: list[str]) -> str:
    module = missing_module(trace)
    return f"{module!r} is not installed; add its package to requirements.txt" if module else ""
