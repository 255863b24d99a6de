"""The Containerfile every image is built from, by buildah and by BuildKit alike. Pure.

Stages from the bottom: `base` (account, bytecode of the standard library), `requirements` (the
environment), `weights` (large files), `bento` (builds the Bento; nothing of it but its result
gets on), `image` (the result), `smoke` (tries the image; nothing gets on).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Builder = Literal["buildah", "buildkit"]

APP = "/app/bento"
VENV = "/app/.venv"
SOURCES = f"{APP}/src"
"""Where the model's folder lies inside the image."""

RUNTIME = "/opt/ekiben/ekiben_runtime"
STEPS = "/run/ekiben/steps"
SERVE = (
    *(f"{VENV}/bin/python", "-m", "bentoml", "serve", APP),
    *("--host", "0.0.0.0", "--port", "{port}"),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything the file depends on.

    `keys` has a digest for each build step of what it mounts (its script, and what it reads): they
    are part of the commands, because builders do not look into what they mount when they decide
    whether a layer can be taken from their cache.
    """

    builder: Builder
    base: str
    keys: Mapping[str, str]
    bentoml: str
    has_large: bool
    model: str
    image_id: str
    sources: str
    user: int
    port: int
    smoke: str
    smoke_deadline: int


def serve_command(port: int) -> list[str]:
    """The command that serves the Bento; SIGTERM makes it drain."""
    return [part.format(port=port) for part in SERVE]


def render(plan: Plan) -> str:
    """The file's text."""
    stages = [_base(plan), _requirements(plan), _weights(plan), _bento(plan), _image(plan)]
    return "\n\n".join([*stages, _smoke(plan)]) + "\n"


def _base(plan: Plan) -> str:
    env = {
        "PATH": f"{VENV}/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin",
        "LANG": "C.UTF-8",
        "HOME": "/tmp",
        "BENTOML_HOME": "/tmp/bentoml",
        "BENTOML_CONTAINERIZED": "true",
        "BENTOML_DO_NOT_TRACK": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    pairs = " \\\n    ".join(f"{name}={value}" for name, value in env.items())
    return "\n".join(
        [
            f"FROM {plan.base} AS base",
            f"ENV {pairs}",
            f"RUN {_mount('steps', STEPS)} \\",
            f"    {_key(plan, 'prepare')} python3 {STEPS}/prepare.py {plan.user}",
        ]
    )


def _requirements(plan: Plan) -> str:
    mounts = [
        _mount("steps", STEPS),
        _mount("uv", "/run/ekiben/uv"),
        _mount("requirements", "/run/ekiben/requirements"),
        "--mount=type=cache,id=ekiben-uv,target=/run/ekiben/cache",
        "--mount=type=secret,id=certificates,target=/run/ekiben/certificates.pem",
        "--mount=type=secret,id=index,target=/run/ekiben/uv.toml",
    ]
    return "\n".join(
        [
            "FROM base AS requirements",
            "RUN " + " \\\n    ".join(mounts) + " \\",
            f"    {_key(plan, 'install')} \\",
            f"    python3 {STEPS}/install.py {VENV} {_quoted('bentoml' + plan.bentoml)}",
        ]
    )


def _weights(plan: Plan) -> str:
    copy = [f"COPY large/ {SOURCES}/"] if plan.has_large else []
    return "\n".join(["FROM requirements AS weights", *copy])


def _bento(plan: Plan) -> str:
    return "\n".join(
        [
            "FROM weights AS bento",
            f"COPY code/ {SOURCES}/",
            f"USER {plan.user}:{plan.user}",
            f"RUN {_offline(plan)}{_mount('steps', STEPS)} {_mount('uv', '/run/ekiben/uv')} \\",
            f"    {_mount('runtime', RUNTIME)} \\",
            f"    {_mount('meta', '/run/ekiben/meta')} \\",
            f"    {_key(plan, 'bento')} \\",
            f"    python {STEPS}/bento.py {plan.model} {plan.image_id}",
        ]
    )


def _image(plan: Plan) -> str:
    labels = {
        "org.opencontainers.image.title": plan.model,
        "org.opencontainers.image.version": plan.image_id,
        "dev.ekiben.model": plan.model,
        "dev.ekiben.image-id": plan.image_id,
        "dev.ekiben.source-digest": f"sha256:{plan.sources}",
    }
    pairs = " \\\n    ".join(f"{name}={json.dumps(value)}" for name, value in labels.items())
    return "\n".join(
        [
            "FROM weights AS image",
            "COPY --chown=0:0 --from=bento /tmp/out/ /",
            f"LABEL {pairs}",
            f"EXPOSE {plan.port}",
            f"WORKDIR {APP}",
            f"USER {plan.user}:{plan.user}",
            f"ENTRYPOINT {json.dumps(serve_command(plan.port))}",
        ]
    )


def _smoke(plan: Plan) -> str:
    return "\n".join(
        [
            "FROM image AS smoke",
            f"RUN {_offline(plan)}{_mount('steps', STEPS)} \\",
            f"    {_key(plan, 'smoke')} \\",
            f"    python {STEPS}/smoke.py {plan.smoke} {plan.port} {plan.smoke_deadline}",
        ]
    )


def _key(plan: Plan, step: str) -> str:
    return f"EKIBEN_KEY={plan.keys[step]}"


def _mount(source: str, target: str) -> str:
    return f"--mount=type=bind,source={source},target={target}"


def _offline(plan: Plan) -> str:
    """BuildKit cuts the network off by step; for buildah the whole command runs without one."""
    return "--network=none " if plan.builder == "buildkit" else ""


def _quoted(text: str) -> str:
    return f"'{text}'"
