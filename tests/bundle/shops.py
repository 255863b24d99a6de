"""Real registries and real builds for the tests marked `cluster`."""

import base64
import json
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import bcrypt
import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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
http: {{addr: "127.0.0.1:{port}"{tls}}}
{auth}
"""
TLS = ", tls: {{certificate: {folder}/own.crt, key: {folder}/own.key}}"
AUTH = "auth: {{htpasswd: {{realm: shop, path: {folder}/users}}}}"
PAIR = "ann:open sesame"


def tiny(folder: Path, service: str = SERVICE) -> Path:
    """A model that needs BentoML only, with three megabytes of weights and a sample."""
    folder.mkdir(parents=True)
    (folder / "service.py").write_text(service)
    (folder / "numbers.bin").write_bytes(b"\x03" + os.urandom(3 << 20))
    (folder / "sample.json").write_text(json.dumps({"path": "/times", "body": {"n": 14}}))
    return folder


@dataclass
class Shop:
    """A registry on a loopback port that keeps its blobs in a folder; plain HTTP and open to all,
    unless it has a `ca_file` and an `auth_file`."""

    address: str
    blobs: Path
    ca_file: Path | None = None
    auth_file: Path | None = None

    @property
    def registry(self) -> Registry:
        address = self.address if self.ca_file else f"http://{self.address}"
        return Registry(address=address, ca_file=self.ca_file, auth_file=self.auth_file)

    def repository(self, model: str) -> str:
        return f"{self.address}/vision/{model}"

    def get(self, path: str) -> httpx.Response:
        scheme = "https" if self.ca_file else "http"
        trusted = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else True
        user, _, password = PAIR.partition(":")
        return httpx.get(
            f"{scheme}://{self.address}/v2/{path}",
            headers={"Accept": MANIFESTS},
            verify=trusted,
            auth=(user, password) if self.auth_file else None,
        )

    def tags(self, model: str) -> list[str]:
        answer = self.get(f"vision/{model}/tags/list")
        return answer.json().get("tags") or [] if answer.status_code == 200 else []

    def manifest(self, model: str, reference: str) -> "dict[str, object]":
        answer = self.get(f"vision/{model}/manifests/{reference}").raise_for_status()
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
        answer = self.get(f"vision/{model}/blobs/{about['digest']}").raise_for_status()
        found: dict[str, object] = answer.json()
        return found

    def held(self) -> int:
        """Bytes of everything that was pushed here."""
        return sum(path.stat().st_size for path in self.blobs.rglob("data"))


@contextmanager
def shop(program: Path, folder: Path, port: int, *, guarded: bool = False) -> Iterator[Shop]:
    """Runs Debian's registry until left; `guarded` by TLS of its own authority and a password."""
    folder.mkdir(parents=True)
    made = Shop(f"127.0.0.1:{port}", folder / "data")
    if guarded:
        made.ca_file, made.auth_file = _guard(folder, made.address)
    text = CONFIG.format(
        folder=made.blobs,
        port=port,
        tls=TLS.format(folder=folder) if guarded else "",
        auth=AUTH.format(folder=folder) if guarded else "",
    )
    settings, log = folder / "config.yml", folder / "log"
    settings.write_text(text)
    with log.open("w") as output:
        command = [str(program), "serve", str(settings)]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait(made)
        yield made
    finally:
        process.kill()
        process.wait()


def _guard(folder: Path, address: str) -> tuple[Path, Path]:
    """Certificate, key and user of the registry; the authority's and the credentials' files."""
    key, name = ec.generate_private_key(ec.SECP256R1()), "shop"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    host = x509.IPAddress(IPv4Address(address.partition(":")[0]))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, traditional = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    (folder / "own.crt").write_bytes(certificate.public_bytes(pem))
    secret = key.private_bytes(pem, traditional, serialization.NoEncryption())
    (folder / "own.key").write_bytes(secret)
    user, _, password = PAIR.partition(":")
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    (folder / "users").write_text(f"{user}:{hashed}\n")
    entry = {"auth": base64.b64encode(PAIR.encode()).decode()}
    (folder / "auth.json").write_text(json.dumps({"auths": {address: entry}}))
    return folder / "own.crt", folder / "auth.json"


def _wait(made: Shop) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            made.get("")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(made.address)


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
        registry.registry,
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
