"""A publisher's site and a toolchain of one tool that is fetched from it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.toolchain.ensure import Toolchain
from local.toolchain.keys import Machine
from local.toolchain.places import Places
from local.toolchain.recipe import Download, Installed, Remote, Tool, Way, programs

PROGRAM = b"#!/bin/sh\necho lamp version 2.5.0\n"
ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass
class Site:
    """Serves `/lamp-<arch>` and `/sums`; counts what was asked for."""

    seconds: float = 0.0  # how long the program takes to arrive
    sums: str = f"{hashlib.sha256(PROGRAM).hexdigest()}  lamp-amd64\n"
    asked: list[str] = field(default_factory=list)
    under_way: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def way(self) -> Download:
        remote = Remote(f"{self.url}/lamp-{{arch}}", f"{self.url}/sums", {"": "bin/lamp"}, ARCHES)
        return Download("2.5.0", (remote,))


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            site.asked.append(self.path)
            body = site.sums.encode() if self.path == "/sums" else PROGRAM
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:1])
            self.wfile.flush()
            if self.path != "/sums":
                site.under_way.set()
                time.sleep(site.seconds)
            with suppress(ConnectionError):  # the client may have been ended meanwhile
                self.wfile.write(body[1:])

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(site)) as server:
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which nothing is installed but what a test puts into its one folder."""
    (tmp_path / "usr").mkdir()
    return Machine("x86_64", "debian-bookworm", (str(tmp_path / "usr"),))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "cache")


def lamp(*ways: Way) -> Tool:
    return Tool("lamp", programs("lamp"), ways)


LAMP_INSTALLED = Installed(("--version",), at_least="2.0", below="3")


@pytest.fixture
def lamp_chain(site: Site, machine: Machine, places: Places) -> Toolchain:
    """Knows one tool, `lamp`: installed in a version from 2.0 to 3, else fetched from the site."""
    return Toolchain((lamp(LAMP_INSTALLED, site.way()),), places, machine)


def install(machine: Machine, name: str, version: str) -> Path:
    program = Path(machine.path[0]) / name
    program.write_text(f"#!/bin/sh\necho {name} version {version}\n")
    program.chmod(0o755)
    return program
