"""What EKS checks of a token, and what STS checks of the request that it holds.

The rules are those of the authenticator that EKS runs
(https://github.com/kubernetes-sigs/aws-iam-authenticator). The fake's STS looks at no signature, so
that is checked here too, by AWS's description of Signature Version 4
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

PREFIX = "k8s-aws-v1."
LONGEST = 4096
CLUSTER_HEADER = "x-k8s-aws-id"
SIGNED_HEADERS = f"host;{CLUSTER_HEADER}"
PARAMETERS = {
    *("Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires"),
    *("X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token"),
}
OPTIONAL = {"Version", "X-Amz-Security-Token"}
VALID = timedelta(minutes=15)
EARLY = timedelta(minutes=5)
"""How far a caller's clock may be ahead: STS's own limit."""

STS = re.compile(r"sts(-fips)?(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
NOTHING = hashlib.sha256(b"").hexdigest()


class Refused(Exception):
    """The token is no proof of anybody, and why."""


@dataclass(frozen=True)
class Request:
    """The signed request in a token."""

    scheme: str
    host: str
    path: str
    query: str
    parameters: Mapping[str, str]

    @property
    def credential(self) -> str:
        """Access key and scope."""
        return self.parameters["X-Amz-Credential"]

    @property
    def access_key(self) -> str:
        return self.credential.partition("/")[0]

    @property
    def date(self) -> datetime:
        try:
            found = datetime.strptime(self.parameters["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
        except ValueError:
            raise Refused("its X-Amz-Date is no date") from None
        return found.replace(tzinfo=UTC)


def read(token: str) -> Request:
    """The request that a token holds."""
    if not token.startswith(PREFIX) or len(token) > LONGEST:
        raise Refused(f"no token of at most {LONGEST} characters after {PREFIX}")
    text = token.removeprefix(PREFIX)
    try:
        url = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode()
        parts = urlsplit(url)
        found = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    except (binascii.Error, ValueError):
        raise Refused("no URL in base64") from None
    if not PARAMETERS - OPTIONAL <= found.keys() <= PARAMETERS:
        raise Refused(f"wrong parameters: {sorted(found)}")
    if any(len(values) > 1 for values in found.values()):
        raise Refused("a parameter stands there twice")
    parameters = {name: value for name, (value,) in found.items()}
    return Request(parts.scheme, parts.netloc, parts.path, parts.query, parameters)


def check(request: Request, fake: str, now: datetime) -> None:
    """Raises where EKS would not even ask STS. `fake` is the URL that stands for any STS: who signs
    while AWS_ENDPOINT_URL is set names it as host."""
    official = request.scheme == "https" and STS.fullmatch(request.host)
    if not official and f"{request.scheme}://{request.host}" != fake:
        raise Refused(f"{request.scheme}://{request.host} is no STS")
    wanted = {"Action": "GetCallerIdentity", "X-Amz-SignedHeaders": SIGNED_HEADERS}
    for name, value in wanted.items():
        if request.parameters[name] != value:
            raise Refused(f"{name} is {request.parameters[name]!r}, not {value!r}")
    if request.path != "/":
        raise Refused(f"the path is {request.path!r}")
    expires = request.parameters["X-Amz-Expires"]
    if not expires.isdigit() or int(expires) > VALID.total_seconds():
        raise Refused(f"X-Amz-Expires is {expires}")
    if not request.date - EARLY <= now <= request.date + VALID:
        raise Refused(f"expired: it is of {request.date}")


def check_signature(request: Request, cluster: str, secret: str) -> None:
    """Raises where the request was not signed with this secret, for this cluster."""
    parameters = sorted(each for each in request.query.split("&"))
    unsigned = [each for each in parameters if not each.startswith("X-Amz-Signature=")]
    headers = f"host:{request.host}\n{CLUSTER_HEADER}:{cluster}\n"
    lines = ["GET", request.path, "&".join(unsigned), headers, SIGNED_HEADERS, NOTHING]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    scope = request.credential.partition("/")[2]
    said = [request.parameters[name] for name in ("X-Amz-Algorithm", "X-Amz-Date")]
    key = f"AWS4{secret}".encode()
    for part in [*scope.split("/"), "\n".join([*said, scope, digest])]:
        key = hmac.digest(key, part.encode(), "sha256")
    if not hmac.compare_digest(key.hex(), request.parameters["X-Amz-Signature"]):
        raise Refused(f"not signed for the cluster {cluster} by {request.access_key}")
