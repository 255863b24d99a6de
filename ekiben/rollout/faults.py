"""Telling a fault of the API server that passes from one that does not."""

import ssl
from dataclasses import dataclass

from lightkube import ConfigError

from ekiben.rollout.api import ApiFault

# ConfigError: the command that a kubeconfig names for its credentials did not give any.
FAULTS = (ApiFault, ConfigError, OSError)
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
# Straight after its start an API server may not know its roles and accounts yet.
_FORBIDDEN_FOR = 10.0
_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


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
    """What to make of an error, after `failing_for` seconds of errors."""
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
    status = error.status if isinstance(error, ApiFault) else None
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
    if status in _PASSING_STATUS or status in (None, 403):
        wish = error.retry_after if isinstance(error, ApiFault) else None
        return Passing(str(error) or type(error).__name__, wish)
    return Lasting(f"HTTP {status}: {error}", "see whether the cluster's version is supported.")


def pause_after(failures: int, wish: float | None) -> float:
    """Seconds until the next attempt: doubling, capped, and what the server asks for."""
    backoff = FIRST_PAUSE * 2.0 ** min(failures - 1, 10)
    return float(min(LONGEST_PAUSE, max(backoff, wish or 0.0)))


def _is_untrusted(error: BaseException) -> bool:
    """Whether a wrong certificate is at the bottom of a connection error."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return any(
        isinstance(e, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(e) for e in chain
    )
