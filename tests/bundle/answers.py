"""A small HTTP server that gives the answers it is told to, and keeps what it was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str]] | tuple[int, dict[str, str], bytes]


@dataclass
class Told:
    """`answers` are given one a request, the last one again and again."""

    answers: list[Answer]
    address: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and Authorization of each request."""

    def next(self, asked: tuple[str, str, str]) -> Answer:
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def telling(*answers: Answer) -> Iterator[Told]:
    """Serves on a free loopback port until left; `address` is host:port."""
    told = Told(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked = (self.command, self.path, self.headers.get("Authorization", ""))
            status, headers, *rest = told.next(asked)
            body = rest[0] if rest else b""
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET = _answer

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.address = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
