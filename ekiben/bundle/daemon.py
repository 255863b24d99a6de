"""Whether the Docker that this machine's `docker` speaks to can build our images.

`reached` asks, `judged` decides. What is wanted of it: BuildKit that can cut a step off the network
and takes SOURCE_DATE_EPOCH, reached through a Docker context whose own builder is used, whatever
other builders `docker buildx` knows.
"""

import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OLDEST = (24, 0)
OLDEST_BUILDX = (0, 10)
PATIENCE = 20.0
"""Seconds that each question may take."""

LOCAL = ("unix://", "npipe://")
_CONTEXT = "{{.Name}} {{.Endpoints.docker.Host}}"
_VERSION = re.compile(r"(\d+)\.(\d+)")


class Unusable(Exception):
    """Docker cannot be used here; `str()` is the reason, as the end of a sentence."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How `docker ...` ended and what it printed."""

    code: int = 0
    out: str = ""
    error: str = ""


def reached(environ: Mapping[str, str], *, anywhere: bool) -> str:
    """The name of the daemon's own builder. Raises Unusable.

    A daemon that is not behind a local socket counts only `anywhere`: sources, and credentials of
    package indexes, would go there.
    """
    if not shutil.which("docker", path=environ.get("PATH")):
        raise Unusable("docker is not installed")
    version = _asked(environ, "version", "--format", "{{json .}}")
    context = _asked(environ, "context", "inspect", "--format", _CONTEXT)
    buildx = _asked(environ, "buildx", "version")
    return judged(version, context, buildx, anywhere=anywhere)


def judged(version: Answer, context: Answer, buildx: Answer, *, anywhere: bool) -> str:
    """The name of the builder, from what docker answered. Raises Unusable."""
    server = _server(version)
    said = str(server.get("Version", ""))
    if _older(said, OLDEST):
        raise Unusable(f"the Docker daemon has version {said}, and builds need {_dotted(OLDEST)}")
    if server.get("Os", "linux") != "linux":
        raise Unusable(f"the Docker daemon runs {server['Os']} containers, not linux ones")
    if buildx.code:
        raise Unusable("docker buildx is not installed")
    if _older(buildx.out, OLDEST_BUILDX):
        raise Unusable(f"docker buildx is older than {_dotted(OLDEST_BUILDX)}")
    name, _, host = context.out.strip().partition(" ")
    if context.code or not name:
        raise Unusable(f"docker context inspect failed: {_last(context.error)}")
    if not anywhere and not host.startswith(LOCAL):
        how = "EKIBEN_BUILDER=docker uses it all the same"
        raise Unusable(f"the Docker daemon at {host} may be on another machine ({how})")
    return name


def _server(version: Answer) -> dict[str, Any]:
    """The daemon's part of `docker version`. Raises Unusable where there is none, or not Docker's:
    Podman's command answers without one, and its daemon names itself."""
    found: Any = None
    with contextlib.suppress(ValueError):
        found = json.loads(version.out)
    server = found.get("Server") if isinstance(found, dict) else None
    if version.code:
        raise Unusable(f"no Docker daemon answers: {_last(version.error)}")
    if not server or "podman" in json.dumps(server.get("Components", [])).lower():
        raise Unusable("the docker command leads to Podman, which has no BuildKit")
    return dict(server)


def _older(text: str, wanted: tuple[int, int]) -> bool:
    """Whether the first version in the text is an older one; a text without one is trusted."""
    found = _VERSION.search(text)
    return found is not None and (int(found[1]), int(found[2])) < wanted


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def _asked(environ: Mapping[str, str], *arguments: str) -> Answer:
    try:
        done = subprocess.run(
            ["docker", *arguments],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return Answer(code=1, error=f"nothing came back within {PATIENCE:.0f} s")
    return Answer(code=done.returncode, out=done.stdout, error=done.stderr)
