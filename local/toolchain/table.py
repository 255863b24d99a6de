"""Every tool that there is, each with its pinned versions and the ways to get it, in order."""

from __future__ import annotations

from local.toolchain.recipe import Tool
from local.toolchain.rows import aws, compiler, gateway, images, kubernetes, kwok, node, pulumi

TOOLS: tuple[Tool, ...] = (
    node.ETCD,
    node.CONTAINERD,
    node.RUNC,
    node.CNI,
    node.NFTABLES,
    node.SLIRP,
    node.REGISTRY,
    images.BUILDAH,
    images.SKOPEO,
    images.MMDEBSTRAP,
    gateway.ENVOY,
    images.UV,
    compiler.COMPILER,
    gateway.CHART,
    node.PAUSE,
    kubernetes.KUBERNETES_SET,
    pulumi.PLUGIN,
    pulumi.ENGINE,
    node.COREDNS,
    gateway.CONTROLLER,
    kwok.CONTROLLER,
    aws.PROVIDER,
)
"""In the order they are made: what is quick, and what a cluster starts with, comes first; what
only tests ask for comes last."""
