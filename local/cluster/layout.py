"""Where everything of one cluster lies, on the host and inside the node."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from local.cache import cache_root
from local.cluster.errors import ClusterError

DEFAULT_NAME = "local"
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")

# The cluster's folder, as every process inside the node sees it: short (a Unix socket's path holds
# 107 characters at most) and the same on every machine, so that no argument depends on the host.
INSIDE = Path("/run/ekiben")


@dataclass(frozen=True)
class Layout:
    """The paths of the cluster `name` in the cache `cache`."""

    cache: Path
    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ClusterError(
                f"--cluster {self.name!r}: expected 1 to 40 of a-z, 0-9 and '-', starting with a"
                " letter and not ending in '-'"
            )

    @classmethod
    def of_user(cls, name: str) -> Layout:
        """The paths of this user's cluster of that name."""
        return cls(cache_root(), name)

    @property
    def clusters(self) -> Path:
        return self.cache / "clusters"

    @property
    def root(self) -> Path:
        """Everything of this cluster that `down` removes."""
        return self.clusters / self.name

    @property
    def lock(self) -> Path:
        """Held by the `up` or `down` that is at work on this cluster."""
        return self.clusters / f"{self.name}.lock"

    @property
    def use_lock(self) -> Path:
        """Shared by all who are at work in this cluster; `down` waits until nobody is."""
        return self.root / "use.lock"

    @property
    def registry_storage(self) -> Path:
        """The registry's blobs: outlive `down`, so that no image has to be built again."""
        return self.cache / "registry" / self.name

    @property
    def images(self) -> Path:
        """Images of the cluster's own parts, as OCI layouts, shared by all clusters."""
        return self.cache / "images" / "oci"

    @property
    def config(self) -> Path:
        return self.root / "config.json"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def settings(self) -> Path:
        return self.root / "settings"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def node_spec(self) -> Path:
        """What the node is to run, written by `up` and read by the supervisor as it starts."""
        return self.root / "node.json"

    @property
    def node_status(self) -> Path:
        """What the node runs, written by the supervisor."""
        return self.root / "status.json"

    @property
    def pid_file(self) -> Path:
        return self.root / "node.pid"

    @property
    def node_lock(self) -> Path:
        """Held by the supervisor as long as it lives, in whatever PID namespace."""
        return self.root / "node.lock"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def result(self) -> Path:
        """What a finished `up` tells the rest of Ekiben."""
        return self.root / "cluster.json"

    @property
    def registry_client(self) -> Path:
        """What a client of the registry needs: `auth.json`, `certs.d/<address>/ca.crt`."""
        return self.root / "registry-client"

    @property
    def state(self) -> Path:
        """The Pulumi file backend of the stacks on this cluster."""
        return self.root / "state"

    @property
    def digest(self) -> str:
        """8 characters that tell this cluster from any other on the machine."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:8]

    @property
    def host_interface(self) -> str:
        """The host's end of the cable to the node (15 characters at most)."""
        return f"ekiben{self.digest}"

    @property
    def cgroup(self) -> str:
        """Relative to every hierarchy's root."""
        return f"ekiben/{self.name}-{self.digest}"
