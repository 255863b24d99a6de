"""kubeconfig files: of the components inside the node, and of the person on the host."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from local.cluster.config import ClusterConfig
from local.cluster.layout import INSIDE

COMPONENTS = ("controller-manager", "scheduler", "kube-proxy", "kubelet")


def _document(
    config: ClusterConfig, cluster: dict[str, Any], user: dict[str, Any], namespace: str
) -> str:
    name = config.context
    context = {"cluster": name, "user": name, "namespace": namespace}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": config.api, **cluster}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
    }
    return yaml.safe_dump(document, sort_keys=False)


def for_component(config: ClusterConfig, name: str) -> str:
    """For a component of the node: names the files that hold its credentials."""
    pki = INSIDE / "pki"
    user = {
        "client-certificate": str(pki / f"{name}.crt"),
        "client-key": str(pki / f"{name}.key"),
    }
    return _document(config, {"certificate-authority": str(pki / "ca.crt")}, user, "default")


def for_admin(config: ClusterConfig, pki: Path) -> str:
    """For the host: complete in itself, so that it can be moved; holds a private key."""

    def content(name: str) -> str:
        return base64.b64encode((pki / name).read_bytes()).decode()

    user = {
        "client-certificate-data": content("admin.crt"),
        "client-key-data": content("admin.key"),
    }
    cluster = {"certificate-authority-data": content("ca.crt")}
    return _document(config, cluster, user, "default")
