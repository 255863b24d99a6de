"""What moves at the cluster's registry: bytes of blobs taken in and given out."""

import json
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_GIVEN = re.compile(r'"GET /v2/\S+/blobs/\S+ HTTP/[0-9.]+" 200 (\d+)')


@dataclass(frozen=True)
class Mark:
    """A point in time: bytes of all stored blobs, and how far the access log has got."""

    stored: int
    logged: int


def mark(registry_storage: Path, log: Path) -> Mark:
    blobs = registry_storage.glob("**/blobs/sha256/*/*/data")
    return Mark(sum(blob.stat().st_size for blob in blobs), log.stat().st_size)


def moved(before: Mark, registry_storage: Path, log: Path) -> dict[str, int]:
    """Bytes of new blobs, and of blobs that anybody fetched, since `before`."""
    with log.open() as file:
        file.seek(before.logged)
        given = sum(int(size) for size in _GIVEN.findall(file.read()))
    return {"taken_in": mark(registry_storage, log).stored - before.stored, "given_out": given}


def image_bytes(access: dict[str, Any], reference: str) -> int:
    """The compressed size of an image in the registry: its configuration and all its layers."""
    registry, _, rest = reference.partition("/")
    repository, _, digest = rest.partition("@")
    credentials = json.loads(Path(access["auth_file"]).read_text())["auths"][registry]["auth"]
    types = ("application/vnd.oci.image.manifest.v1+json",)
    answer = httpx.get(
        f"https://{registry}/v2/{repository}/manifests/{digest}",
        headers={"Authorization": f"Basic {credentials}", "Accept": ", ".join(types)},
        verify=ssl.create_default_context(cafile=access["ca"]),
        trust_env=False,
    )
    answer.raise_for_status()
    manifest = answer.json()
    parts = [manifest["config"], *manifest["layers"]]
    return int(sum(part["size"] for part in parts))
