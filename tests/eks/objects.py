"""Everything that is on an API server, so that a test can say that nothing stayed behind."""

import ssl
from collections.abc import Iterator
from typing import Any

import httpx

from tests.eks.control_plane import ControlPlane

PASSING = {"events", "leases", "endpoints", "endpointslices"}
"""Resources that Kubernetes itself makes and drops for others."""

ONLY_NAMES = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def objects(plane: ControlPlane) -> set[str]:
    """All objects as `resource namespace/name`, those of the cluster itself among them."""
    trusted = ssl.create_default_context(cafile=plane.ca_file)
    pki = plane.ca_file.parent
    trusted.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    with httpx.Client(base_url=plane.endpoint, verify=trusted, timeout=60) as server:
        return {
            f"{resource} {_name(item['metadata'])}"
            for path, resource in _resources(server)
            for item in _asked(server, f"{path}/{resource}", Accept=ONLY_NAMES)["items"] or []
        }


def _asked(server: httpx.Client, path: str, **headers: str) -> Any:
    return server.get(path, headers=headers).raise_for_status().json()


def _name(metadata: dict[str, Any]) -> str:
    return "/".join(metadata[key] for key in ("namespace", "name") if key in metadata)


def _resources(server: httpx.Client) -> Iterator[tuple[str, str]]:
    """Path of a group and name of each of its resources that objects are of."""
    groups = _asked(server, "/apis")["groups"]
    paths = [f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups]
    for path in ["/api/v1", *paths]:
        for each in _asked(server, path)["resources"]:
            plain = {"list", "delete"} <= {*each["verbs"]} and "/" not in each["name"]
            if plain and each["name"] not in PASSING:
                yield path, each["name"]
