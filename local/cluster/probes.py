"""Whether a unit is ready: one cheap question each, asked from inside the node."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

_SECONDS = 2.0
_LISTEN = "0A"


class Probe(Protocol):
    """Answers for the process `pid` of a unit; never raises, never takes long."""

    def __call__(self, pid: int | None) -> bool: ...


@dataclass(frozen=True)
class Http:
    """A GET that succeeds; over TLS only with a server that `ca` vouches for."""

    url: str
    ca: Path | None = None

    def __call__(self, pid: int | None) -> bool:
        del pid
        try:
            context = ssl.create_default_context(cafile=self.ca) if self.ca else None
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
            )
            with opener.open(self.url, timeout=_SECONDS) as answer:
                return bool(answer.status == 200)
        except (OSError, HTTPException):
            return False


@dataclass(frozen=True)
class Socket:
    """A Unix socket that takes connections."""

    path: Path

    def __call__(self, pid: int | None) -> bool:
        del pid
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_SECONDS)
            try:
                client.connect(str(self.path))
            except OSError:
                return False
            return True


@dataclass(frozen=True)
class Listens:
    """A TCP port on 127.0.0.1 of whatever network namespace the process lives in."""

    port: int

    def __call__(self, pid: int | None) -> bool:
        try:
            lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
        except OSError:
            return False
        local = f"0100007F:{self.port:04X}"
        return any(line.split()[1] == local and line.split()[3] == _LISTEN for line in lines)


@dataclass(frozen=True)
class Interface:
    """A network interface of the node."""

    name: str

    def __call__(self, pid: int | None) -> bool:
        del pid
        return any(name == self.name for _, name in socket.if_nameindex())


@dataclass(frozen=True)
class Exited:
    """Of commands that run once: ready by having succeeded, which the supervisor sees itself."""

    def __call__(self, pid: int | None) -> bool:
        del pid
        return False
