"""The cluster's image registry, from the host: what its clients need, and pushing to it."""

from __future__ import annotations

import base64
import json
import ssl
from pathlib import Path
from urllib.parse import urljoin

import bcrypt
import httpx

from local.cluster import files
from local.cluster.config import ClusterConfig
from local.cluster.errors import ClusterError
from local.cluster.layout import Layout
from local.cluster.oci import MANIFEST_TYPE, Blob, Image
from local.cluster.settings import REGISTRY_USER

# The password is 256 random bits: a slow hash adds nothing but time to every request.
_BCRYPT_ROUNDS = 4
_CHUNK = 1024**2


def password(layout: Layout) -> str:
    return (layout.pki / "registry.password").read_text()


def password_hash(layout: Layout) -> str:
    """The password's bcrypt hash, made once: it is salted, and would be news on every `up`."""
    path = layout.pki / "registry.hash"
    secret = password(layout).encode()
    if not path.exists() or not bcrypt.checkpw(secret, path.read_bytes()):
        files.write(path, bcrypt.hashpw(secret, bcrypt.gensalt(_BCRYPT_ROUNDS)), files.PRIVATE)
    return path.read_text()


def write_client_files(layout: Layout, config: ClusterConfig) -> None:
    """Credentials and authority in the two forms that buildah, skopeo and Docker read."""
    pair = base64.b64encode(f"{REGISTRY_USER}:{password(layout)}".encode()).decode()
    auths = json.dumps({"auths": {config.registry: {"auth": pair}}}, indent=2)
    files.write_if_changed(auth_file(layout), auths, files.PRIVATE)
    authority = (layout.pki / "ca.crt").read_bytes()
    files.write_if_changed(cert_dir(layout, config) / "ca.crt", authority)


def auth_file(layout: Layout) -> Path:
    return layout.registry_client / "auth.json"


def cert_dir(layout: Layout, config: ClusterConfig) -> Path:
    return layout.registry_client / "certs.d" / config.registry


class RegistryClient:
    """Asks and feeds the registry of one cluster."""

    def __init__(self, layout: Layout, config: ClusterConfig) -> None:
        context = ssl.create_default_context(cafile=layout.pki / "ca.crt")
        self._address = config.registry
        self._http = httpx.Client(
            base_url=f"https://{config.registry}",
            auth=(REGISTRY_USER, password(layout)),
            verify=context,
            trust_env=False,
            timeout=60,
        )

    def __enter__(self) -> RegistryClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def answers(self) -> bool:
        """Whether the registry is there and knows us."""
        try:
            return self._http.get("/v2/", timeout=3).status_code == 200
        except httpx.HTTPError:
            return False

    def digest(self, repository: str, tag: str) -> str | None:
        """The digest behind a tag; None where there is no such tag."""
        url = f"/v2/{repository}/manifests/{tag}"
        answer = self._http.head(url, headers={"Accept": MANIFEST_TYPE})
        if answer.status_code == 404:
            return None
        self._expect(answer, 200)
        return answer.headers["Docker-Content-Digest"]

    def push(self, image: Image, repository: str, tag: str) -> bool:
        """Make `tag` mean `image`; parts that are there are not sent. Tells whether it was news."""
        if self.digest(repository, tag) == image.manifest.digest:
            return False
        for part in image.parts:
            self._push_part(part, repository)
        answer = self._http.put(
            f"/v2/{repository}/manifests/{tag}",
            content=image.manifest.path.read_bytes(),
            headers={"Content-Type": image.manifest.media_type},
        )
        self._expect(answer, 201)
        return True

    def _push_part(self, part: Blob, repository: str) -> None:
        if self._http.head(f"/v2/{repository}/blobs/{part.digest}").status_code == 200:
            return
        begun = self._http.post(f"/v2/{repository}/blobs/uploads/")
        self._expect(begun, 202)
        place = httpx.URL(urljoin(str(begun.url), begun.headers["Location"]))
        with part.path.open("rb") as file:
            answer = self._http.put(
                place.copy_merge_params({"digest": part.digest}),
                content=iter(lambda: file.read(_CHUNK), b""),
                headers={
                    "Content-Type": "application/octet-stream",
                    "Content-Length": str(part.path.stat().st_size),
                },
            )
        self._expect(answer, 201)

    def _expect(self, answer: httpx.Response, status: int) -> None:
        if answer.status_code != status:
            raise ClusterError(
                f"registry {self._address}: {answer.request.method} {answer.url.path} was answered"
                f" with {answer.status_code} instead of {status}: {answer.text[:300]}"
            )
