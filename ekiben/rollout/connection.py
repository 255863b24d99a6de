"""Reaching the API server, and telling a passing fault from one that will not pass."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import yaml
from lightkube import ApiError, Client, ConfigError, KubeConfig

from ekiben.rollout.target import RolloutError

# What the client may raise when the API server or the way to it is at fault. KeyError: lightkube
# reads the content type of every error answer, and a proxy's may have none.
FAULTS = (httpx2.HTTPError, ConfigError, msgspec.MsgspecError, OSError, KeyError)
TIMEOUT_SECONDS = 10.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
# Straight after its start an API server may not know its roles and accounts yet.
_FORBIDDEN_FOR = 10.0
_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def connect(kubeconfig: str, context: str = "") -> Client:
    """A client from a kubeconfig's path or content; raises RolloutError where that is wrong."""
    try:
        config = _load(kubeconfig).get(context or None)
        if config is None or config.user is None:
            raise ConfigError("the context names no user")
        return Client(
            config=config,
            timeout=httpx2.Timeout(TIMEOUT_SECONDS),
            trust_env=not _is_loopback(str(config.cluster.server)),
        )
    except (ConfigError, KeyError, TypeError, ValueError, OSError, yaml.YAMLError) as error:
        given = "the kubeconfig given as text" if _is_content(kubeconfig) else kubeconfig
        named = f", context {context}" if context else ""
        raise RolloutError(
            f"cannot use {given}{named}: {error or type(error).__name__}. Expected a kubeconfig "
            "with a server and credentials for it."
        ) from error


def _is_content(kubeconfig: str) -> bool:
    return "\n" in kubeconfig or kubeconfig.lstrip().startswith("{")


def _load(kubeconfig: str) -> KubeConfig:
    if not _is_content(kubeconfig):
        return KubeConfig.from_file(Path(kubeconfig).expanduser())
    parsed: Any = yaml.safe_load(kubeconfig)
    if not isinstance(parsed, dict):
        raise ValueError("it is not a mapping")
    return KubeConfig.from_dict(parsed)


def _is_loopback(server: str) -> bool:
    """A server on this machine is never reached through the environment's proxy."""
    host = urlsplit(server).hostname or ""
    return host == "localhost" or host == "::1" or host.startswith("127.")


@dataclass(frozen=True)
class Passing:
    """A fault worth trying again; `after` is the server's own wish in seconds, if it has one."""

    reason: str
    after: float | None = None


@dataclass(frozen=True)
class Lasting:
    """A fault that trying again will not mend."""

    reason: str
    advice: str


def classify(error: Exception, failing_for: float) -> Passing | Lasting:
    """What to make of an error of the client, after `failing_for` seconds of errors."""
    status = status_of(error)
    if status == 401:
        return Lasting(
            f"the API server does not accept the credentials ({error})",
            "renew the credentials of the kubeconfig, then run `pulumi up` again.",
        )
    if status == 403 and failing_for >= _FORBIDDEN_FOR:
        return Lasting(
            f"not allowed: {error}",
            "have whoever runs the cluster grant this, then run `pulumi up` again.",
        )
    if isinstance(error, ConfigError):
        return Lasting(
            f"no credentials: {error}",
            "see that the command named in the kubeconfig runs, then run `pulumi up` again.",
        )
    if _is_untrusted(error):
        return Lasting(
            f"the API server's certificate is not trusted ({error})",
            "correct server and certificate-authority in the kubeconfig.",
        )
    if status in _PASSING_STATUS or status in (None, 403):
        return Passing(str(error) or type(error).__name__, _retry_after(error))
    return Lasting(f"HTTP {status}: {error}", "see whether the cluster is of a version in use.")


def status_of(error: Exception) -> int | None:
    """The HTTP status of an error, or None where no answer came."""
    if isinstance(error, ApiError) and error.status.code:
        return int(error.status.code)
    response = _response_of(error)
    return int(response.status_code) if response is not None else None


def pause_after(failures: int, wish: float | None) -> float:
    """Seconds until the next attempt: doubling, capped, and what the server asks for."""
    backoff = FIRST_PAUSE * 2.0 ** min(failures - 1, 10)
    return float(min(LONGEST_PAUSE, max(backoff, wish or 0.0)))


def _response_of(error: Exception) -> httpx2.Response | None:
    return error.response if isinstance(error, httpx2.HTTPStatusError) else None


def _retry_after(error: Exception) -> float | None:
    response = _response_of(error)
    text = response.headers.get("Retry-After", "") if response is not None else ""
    return float(text) if text.isdigit() else None


def _is_untrusted(error: BaseException) -> bool:
    """Whether a wrong certificate is at the bottom of a connection error."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    # lightkube raises some errors from themselves: the chain may bite its own tail.
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return any(
        isinstance(e, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(e) for e in chain
    )
