"""Asks a registry whether it has an image, by the registry's own HTTP interface.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

import base64
import hashlib
import json
import re
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import httpx

from .errors import Failure
from .process import Stopped
from .source import Registry

MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)
DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
"""Seconds between attempts at a registry that does not answer: half a minute in all."""

TIMEOUT = 10.0


class Unreachable(Exception):
    """The registry gave no usable answer; another attempt may get one."""


def digest_of(repository: str, tag: str, registry: Registry) -> str | None:
    """The digest the tag points to, None where there is no such tag.

    Raises Unreachable where asking again makes sense, Failure where it does not.
    """
    path = repository.removeprefix(f"{registry.host}/")
    scheme = "http" if registry.plain_http else "https"
    url = f"{scheme}://{registry.host}/v2/{path}/manifests/{tag}"
    try:
        with httpx.Client(verify=_trust(registry), timeout=TIMEOUT, trust_env=True) as client:
            answer = _authorised(client, url, registry)
            if answer.status_code == 200 and "docker-content-digest" not in answer.headers:
                answer = client.get(url, headers=dict(answer.request.headers))
    except httpx.TransportError as error:
        raise Unreachable(f"{registry.host}: {_said(error)}") from error
    return _digest(answer, registry)


def patiently(
    ask: Callable[[], str | None],
    *,
    waiting: Callable[[str, float], None],
    cancelled: threading.Event,
    delays: tuple[float, ...] = DELAYS,
) -> str | None:
    """Calls `ask` until the registry answers; raises Failure when it has not after all delays, and
    Stopped soon after `cancelled` is set."""
    for delay in delays:
        try:
            return ask()
        except Unreachable as error:
            waiting(str(error), delay)
            if cancelled.wait(delay):
                raise Stopped("waiting for the registry") from error
    try:
        return ask()
    except Unreachable as error:
        raise Failure(
            "push", f"the registry does not answer: {error}", advice="start it or check its address"
        ) from error


def _digest(answer: httpx.Response, registry: Registry) -> str | None:
    status = answer.status_code
    if status == 404:
        return None
    if status == 200:
        said: str | None = answer.headers.get("docker-content-digest")
        return said or f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    if status in (401, 403):
        source = (
            f"the credentials in {registry.auth_file}" if registry.auth_file else "anonymous access"
        )
        raise Failure(
            "push",
            f"{registry.host} refuses {source} ({status} for {answer.request.url.path})",
            advice="renew the credentials, or check that they may push to this repository",
        )
    if status == 429 or status >= 500:
        raise Unreachable(f"{registry.host}: HTTP {status}")
    raise Failure("push", f"{registry.host} answered {status} for {answer.request.url.path}")


def _authorised(client: httpx.Client, url: str, registry: Registry) -> httpx.Response:
    """HEAD, with credentials where the registry asks for them, in the way it asks for them."""
    accept = {"Accept": MANIFESTS}
    answer = client.head(url, headers=accept)
    challenge = answer.headers.get("www-authenticate", "")
    if answer.status_code != 401 or not challenge:
        return answer
    basic = credentials(registry.auth_file, registry.host)
    if challenge.lower().startswith("bearer"):
        token = _token(client, challenge, basic)
        return client.head(url, headers={**accept, "Authorization": f"Bearer {token}"})
    return (
        client.head(url, headers={**accept, "Authorization": f"Basic {basic}"}) if basic else answer
    )


def _token(client: httpx.Client, challenge: str, basic: str) -> str:
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    headers = {"Authorization": f"Basic {basic}"} if basic else {}
    query = {name: asked[name] for name in ("service", "scope") if name in asked}
    answer = client.get(asked.get("realm", ""), params=query, headers=headers)
    said = answer.json() if answer.status_code == 200 else {}
    return str(said.get("token") or said.get("access_token") or "")


def credentials(auth_file: Path | None, host: str) -> str:
    """The host's entry in a Docker config.json, as base64 of user:password; empty without one."""
    if auth_file is None:
        return ""
    try:
        entries = json.loads(auth_file.read_text()).get("auths", {})
        entry = entries.get(host) or entries.get(f"https://{host}") or {}
        pair = f"{entry['username']}:{entry['password']}" if "username" in entry else ""
        return str(entry.get("auth") or base64.b64encode(pair.encode()).decode())
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        said = f"{auth_file} cannot be read as Docker's config.json: {error}"
        raise Failure("push", said) from None


def _trust(registry: Registry) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=registry.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Failure("push", f"{registry.ca_file} holds no certificates: {error}") from None


def _said(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__
