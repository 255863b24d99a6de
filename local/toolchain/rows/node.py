"""What a node and its control plane stand on beside Kubernetes itself."""

from __future__ import annotations

from local.toolchain.recipe import Debian, GoBuild, GoModule, Installed, Tool, programs

ETCD = Tool(
    "etcd",
    programs("etcd"),
    (
        Installed(("--version",), at_least="3.4", below="3.7"),
        Debian(("etcd-server",), {"etcd": "usr/bin/etcd"}),
    ),
)

CONTAINERD = Tool(
    "containerd",
    programs("containerd", "containerd-shim-runc-v2", "ctr"),
    (
        Installed(("--version",), at_least="1.6", below="1.8"),
        Debian(
            ("containerd",),
            {
                "containerd": "usr/bin/containerd",
                "containerd-shim-runc-v2": "usr/bin/containerd-shim-runc-v2",
                "ctr": "usr/bin/ctr",
            },
        ),
    ),
)

RUNC = Tool(
    "runc",
    programs("runc"),
    (
        Installed(("--version",), at_least="1.1"),
        Debian(("runc",), {"runc": "usr/sbin/runc"}),
    ),
)

CNI = Tool(
    "cni",
    {"cni": "root/usr/lib/cni"},
    (Debian(("containernetworking-plugins",), {}),),
)

SLIRP = Tool(
    "slirp4netns",
    programs("slirp4netns"),
    (
        Installed(("--version",), at_least="1.0"),
        Debian(("slirp4netns",), {"slirp4netns": "usr/bin/slirp4netns"}),
    ),
)

NFTABLES = Tool(
    "nftables",
    programs("nft"),
    (
        Installed(("--version",), at_least="1.0.1", folders=("/usr/sbin", "/sbin")),
        Debian(("nftables",), {"nft": "usr/sbin/nft"}),
    ),
)

REGISTRY = Tool(
    "registry",
    programs("docker-registry"),
    (
        Installed(("--version",), at_least="2.7", below="3"),
        Debian(("docker-registry",), {"docker-registry": "usr/bin/docker-registry"}),
    ),
)

COREDNS = Tool(
    "coredns",
    programs("coredns"),
    (GoBuild("1.15.0", (GoModule("coredns", ("github.com/coredns/coredns",)),)),),
)

PAUSE = Tool(
    "pause",
    programs("pause"),
    (GoBuild("1", (GoModule("pause", (".",)),)),),
)
