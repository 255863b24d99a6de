"""Who may enter the API server, as EKS decides: a server of TokenReviews before a fake AWS."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx

from tests.eks import access, tokens
from tests.eks.tokens import Refused, Request

Document = dict[str, Any]
TRIES = 10
"""STS may be throttled; EKS asks again."""


@dataclass
class Authenticator:
    """Of the API server of one cluster."""

    aws: str
    """URL of the fake AWS."""

    cluster: str
    region: str
    keys: dict[str, str]
    """Secrets by access key: AWS knows them, and its fake does not."""

    def described(self) -> Document:
        """The cluster as it is now; one that is not there has neither entries nor node groups."""
        answer = httpx.get(f"{self.aws}/ekiben/eks", params={"region": self.region}, timeout=30)
        clusters: dict[str, Document] = answer.raise_for_status().json()
        return clusters.get(self.cluster, {"entries": [], "node_groups": []})

    def user(self, token: str, now: datetime) -> Document:
        """The user that a token is of. Raises Refused."""
        request = tokens.read(token)
        tokens.check(request, self.aws, now)
        secret = self.keys.get(request.access_key)
        if secret is None:
            raise Refused(f"the access key {request.access_key} does not exist")
        tokens.check_signature(request, self.cluster, secret)
        arn = self._asked(request)
        entry = access.entry_of(arn, self.described()["entries"])
        if entry is None:
            raise Refused(f"{arn} has no access entry")
        return access.user(arn, entry)

    def _asked(self, request: Request) -> str:
        """Who signed it, by STS."""
        # moto tells callers apart by this header alone.
        header = (
            f"AWS4-HMAC-SHA256 Credential={request.credential}, SignedHeaders=host, Signature=0"
        )
        headers = {tokens.CLUSTER_HEADER: self.cluster, "Authorization": header}
        for _ in range(TRIES):
            answer = httpx.get(f"{self.aws}/?{request.query}", headers=headers, timeout=30)
            if answer.status_code == 200:
                found = ElementTree.fromstring(answer.text).findtext(".//{*}Arn")
                return str(found)
        raise Refused(f"STS answered {answer.status_code}: {answer.text[:300]}")


class Handler(BaseHTTPRequestHandler):
    """One connection; the server's `authenticator` answers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, Server)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(self.server.review(asked)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None: ...


class Server(ThreadingHTTPServer):
    """HTTPS at a free port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self, authenticator: Authenticator, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # The handshake is for the connection's thread: a slow one would hold up all others.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.authenticator = authenticator
        self.refusals: list[str] = []
        """Why nobody was let in, oldest first: the API server tells no caller."""

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_port}/"

    def review(self, asked: Document) -> Document:
        """The TokenReview with its status."""
        try:
            user = self.authenticator.user(asked["spec"]["token"], datetime.now(UTC))
            status: Document = {"authenticated": True, "user": user}
        except (Refused, httpx.HTTPError) as error:
            self.refusals.append(str(error))
            status = {"authenticated": False, "error": str(error)}
        return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}


@contextmanager
def webhook(authenticator: Authenticator, certificate: Path, key: Path) -> Iterator[Server]:
    """Serves while the context does."""
    with Server(authenticator, certificate, key) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
