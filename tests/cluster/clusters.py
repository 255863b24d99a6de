"""A cluster's choices, for tests that need no cluster."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

from local.cluster.config import ClusterConfig
from local.cluster.ranges import Ranges
from local.cluster.settings import Credentials, Machine

CONFIG = ClusterConfig("demo", Ranges(IPv4Network("10.77.0.0/16")), 8003)
MACHINE = Machine("overlayfs", True, Path("/tools/cni"), Path("/tools/runc"), ())
CREDENTIALS = Credentials("c2VjcmV0", "pass-word", "$2b$04$hash")
TOOLS = {
    name: Path("/tools") / name
    for name in (
        "etcd",
        "docker-registry",
        "containerd",
        "ctr",
        "runc",
        "cni",
        "nft",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "kube-proxy",
        "envoy",
        "slirp4netns",
    )
}
