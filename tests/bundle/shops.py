"""Real registries and real builds for the tests marked `cluster`."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from ekiben.bundle import ImageSource, Registry, publish
from ekiben.bundle.registry import MANIFESTS
from ekiben.bundle.source import Smoke
from ekiben.spec.digest import model_source
from local.cluster.machine import architecture

PLATFORM = f"linux/{architecture()}"
"""That of this machine, on which images are built and tried."""

SERVICE = """
import bentoml

with open("numbers.bin", "rb") as file:
    FACTOR = file.read(1)[0]


@bentoml.service
class Tiny:
    @bentoml.api
    def times(self, n: int) -> int:
        return FACTOR * n
"""
CONFIG = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def tiny(folder: Path, service: str = SERVICE) -> Path:
    """A model that needs BentoML only, with three megabytes of weights and a sample."""
    folder.mkdir(parents=True)
    (folder / "service.py").write_text(service)
    (folder / "numbers.bin").write_bytes(b"\x03" + os.urandom(3 << 20))
    (folder / "sample.json").write_text(json.dumps({"path": "/times", "body": {"n": 14}}))
    return folder


@dataclass
class Shop:
    """A registry on a loopback port that keeps its blobs in a folder."""

    address: str
    blobs: Path

    def repository(self, model: str) -> str:
        return f"{self.address}/vision/{model}"

    def tags(self, model: str) -> list[str]:
        answer = httpx.get(f"http://{self.address}/v2/vision/{model}/tags/list")
        return answer.json().get("tags") or [] if answer.status_code == 200 else []

    def manifest(self, model: str, reference: str) -> "dict[str, object]":
        url = f"http://{self.address}/v2/vision/{model}/manifests/{reference}"
        answer = httpx.get(url, headers={"Accept": MANIFESTS}).raise_for_status()
        found: dict[str, object] = answer.json()
        return found

    def layers(self, model: str, reference: str) -> dict[str, int]:
        """Digest and bytes of each layer, the lowest first."""
        listed = self.manifest(model, reference)["layers"]
        assert isinstance(listed, list)
        return {layer["digest"]: layer["size"] for layer in listed}

    def config(self, model: str, reference: str) -> "dict[str, object]":
        about = self.manifest(model, reference)["config"]
        assert isinstance(about, dict)
        url = f"http://{self.address}/v2/vision/{model}/blobs/{about['digest']}"
        found: dict[str, object] = httpx.get(url).raise_for_status().json()
        return found

    def held(self) -> int:
        """Bytes of everything that was pushed here."""
        return sum(path.stat().st_size for path in self.blobs.rglob("data"))


@contextmanager
def shop(program: Path, folder: Path, port: int) -> Iterator[Shop]:
    """Runs Debian's registry until left."""
    folder.mkdir(parents=True)
    settings, log = folder / "config.yml", folder / "log"
    settings.write_text(CONFIG.format(folder=folder / "data", port=port))
    with log.open("w") as output:
        command = [str(program), "serve", str(settings)]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        address = f"127.0.0.1:{port}"
        _wait(address)
        yield Shop(address, folder / "data")
    finally:
        process.kill()
        process.wait()


def _wait(address: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            httpx.get(f"http://{address}/v2/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(address)


@dataclass
class Build:
    """One call of `publish` and what it said."""

    digest: str = ""
    said: list[str] = field(default_factory=list)


def build(
    folder: Path,
    registry: Shop,
    smoke: Smoke = "ready",
    say: Callable[[str], None] = lambda _: None,
    cancelled: threading.Event | None = None,
) -> Build:
    """Publishes the folder's image. Raises BundleError."""
    done = Build()

    def progress(line: str) -> None:
        done.said.append(line)
        say(line)

    done.digest = publish(
        source(folder, smoke),
        registry.repository(folder.name),
        Registry(address=f"http://{registry.address}"),
        progress=progress,
        cancelled=cancelled or threading.Event(),
    )
    return done


def source(folder: Path, smoke: Smoke = "ready") -> ImageSource:
    found = model_source(folder, folder.name, PLATFORM)
    return ImageSource(
        model=folder.name,
        folder=folder,
        image_id=found.image_id,
        platform=found.platform,
        smoke=smoke,
    )
