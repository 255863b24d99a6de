"""A small HTTP server that answers like the API server where a roll-out asks it.

It keeps objects as a test puts them there, gives ConfigMaps resource versions and refuses stale
ones, and can be told to fail the next requests. Real admission, scheduling and kubelets are what
the tests marked `cluster` are for.
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class World:
    """What the server knows. `faults` are given as answers to the next requests, in turn."""

    url: str = ""
    deployment: dict[str, Any] | None = None
    replica_sets: list[dict[str, Any]] = field(default_factory=list)
    pods: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    logs: dict[tuple[str, bool], str] = field(default_factory=dict)
    config_maps: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[Answer] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def kubeconfig(self) -> str:
        """A kubeconfig for it, as text."""
        cluster = {"name": "c", "cluster": {"server": self.url}}
        context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
        user = {"name": "u", "user": {"token": "t"}}
        parts = {"clusters": [cluster], "contexts": [context], "users": [user]}
        return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "x"} | parts)

    def record(self) -> dict[str, Any]:
        """The entries of iris' record, parsed."""
        data = self.config_maps["iris-versions"].get("data") or {}
        return {version: json.loads(text) for version, text in data.items()}

    def answer(self, method: str, url: str, body: bytes) -> Answer:
        """The answer to a request."""
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        with self.lock:
            self.requests.append(f"{method} {parts.path}")
            if self.faults:
                return self.faults.pop(0)
            kind, _, name = parts.path.partition("/namespaces/vision/")[2].partition("/")
            if kind == "deployments":
                return found(self.deployment)
            if kind == "pods" and name.endswith("/log"):
                return self._log(name.removesuffix("/log"), query)
            if kind == "configmaps":
                return self._config_map(method, name, json.loads(body or b"{}"))
            return listed(self._items(kind, query))

    def _items(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        if kind == "events":
            about = query["fieldSelector"].removeprefix("involvedObject.uid=")
            return [e for e in self.events if e["involvedObject"]["uid"] == about]
        return {"pods": self.pods, "replicasets": self.replica_sets}[kind]

    def _log(self, pod: str, query: dict[str, str]) -> Answer:
        text = self.logs.get((pod, query.get("previous") == "true"))
        if text is None:
            return refusal(400, "previous terminated container not found")
        return 200, {"Content-Type": "text/plain"}, text.encode()

    def _config_map(self, method: str, name: str, sent: dict[str, Any]) -> Answer:
        name = name or sent["metadata"]["name"]
        known = self.config_maps.get(name)
        if method == "GET" or (known is None and method == "PATCH"):
            return found(known)
        if method == "POST" and known is not None:
            return refusal(409, "already exists")
        before = (known or {"metadata": {"resourceVersion": "0"}})["metadata"]
        if method == "PATCH" and sent["metadata"]["resourceVersion"] != before["resourceVersion"]:
            return refusal(409, "the object has been modified")
        meta = {**before, **sent["metadata"]}
        meta["resourceVersion"] = str(int(before["resourceVersion"]) + 1)
        self.config_maps[name] = {**sent, "metadata": meta}
        return found(self.config_maps[name])


def found(obj: dict[str, Any] | None) -> Answer:
    """An object, or the answer that there is none."""
    if obj is None:
        return refusal(404, "not found")
    return 200, {"Content-Type": "application/json"}, json.dumps(obj).encode()


def listed(items: list[dict[str, Any]]) -> Answer:
    """A list of objects."""
    return found({"kind": "List", "metadata": {"resourceVersion": "1"}, "items": items})


def refusal(code: int, text: str, **headers: str) -> Answer:
    """An error as Kubernetes gives it."""
    status = {"kind": "Status", "status": "Failure", "message": text, "code": code}
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return code, {"Content-Type": "application/json"} | headers, json.dumps(status).encode()


class Server(ThreadingHTTPServer):
    """An HTTP server that can end as a killed process does: with its connections."""

    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.connections: list[socket.socket] = []

    def get_request(self) -> Any:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def handle_error(self, *_: Any) -> None:
        """A client that is gone is nothing to tell of."""

    def hang_up(self) -> None:
        """Close what clients still hold open."""
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(world: World, port: int = 0) -> Iterator[Server]:
    """Serve the world on a loopback port until left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            code, headers, text = world.answer(self.command, self.path, body)
            self.send_response(code)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_GET = do_HEAD = do_POST = do_PATCH = _answer

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    world.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        server.hang_up()
