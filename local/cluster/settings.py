"""Every configuration file of a node, as a mapping from its place to its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.cluster import files, kubeconfig, kubernetes_settings
from local.cluster.config import REGISTRY_PORT, ClusterConfig
from local.cluster.layout import INSIDE, Layout

EGRESS_INTERFACE = "egress0"
PAUSE_IMAGE = "ekiben/pause:1"
REGISTRY_USER = "ekiben"
REGISTRY_STORAGE = Path("/var/lib/registry")


@dataclass(frozen=True)
class Machine:
    """What the settings have to know of the machine."""

    snapshotter: str
    """Of containerd: `overlayfs` where the cache's file system takes it, else `native`."""
    may_raise_priority: bool
    """Whether CAP_SYS_RESOURCE is there, without which no process can lower its OOM score."""
    cni_plugins: Path
    runc: Path
    nameservers: tuple[str, ...]
    """Where the cluster's DNS sends other names; none without a way out."""


@dataclass(frozen=True)
class Credentials:
    """The secrets that have to stand in files."""

    encryption_key: str
    registry_password: str
    registry_hash: str
    """The password as a bcrypt hash."""


def render(
    config: ClusterConfig, machine: Machine, credentials: Credentials, pod_cgroup: str
) -> dict[str, str]:
    """All files, by their path relative to the settings folder."""
    return {
        "kubelet.yaml": kubernetes_settings.kubelet(config, pod_cgroup),
        "kube-proxy.yaml": kubernetes_settings.kube_proxy(config),
        "audit-policy.yaml": kubernetes_settings.audit_policy(),
        "authentication.yaml": kubernetes_settings.authentication(),
        "encryption.yaml": kubernetes_settings.encryption(credentials.encryption_key),
        "containerd.toml": containerd(config, machine, credentials.registry_password),
        f"certs.d/{config.registry}/hosts.toml": registry_host(config),
        "cni/10-ekiben.conflist": cni(config),
        "registry.yaml": registry(config),
        "registry.htpasswd": f"{REGISTRY_USER}:{credentials.registry_hash}\n",
        "gateway.json": gateway(config),
        "egress.nft": egress(config),
        "resolv.conf": "".join(f"nameserver {address}\n" for address in machine.nameservers),
    }


def write(layout: Layout, config: ClusterConfig, rendered: Mapping[str, str]) -> None:
    """Write the files and the components' kubeconfigs; equal ones are left alone."""
    layout.settings.mkdir(parents=True, exist_ok=True)
    layout.settings.chmod(0o700)
    for name, text in rendered.items():
        files.write_if_changed(layout.settings / name, text, files.PRIVATE)
    for name in kubeconfig.COMPONENTS:
        text = kubeconfig.for_component(config, name)
        files.write_if_changed(layout.pki / f"{name}.kubeconfig", text, files.PRIVATE)
    admin = kubeconfig.for_admin(config, layout.pki)
    files.write_if_changed(layout.kubeconfig, admin, files.PRIVATE)


def containerd(config: ClusterConfig, machine: Machine, registry_password: str) -> str:
    """containerd's configuration: nothing of it is shared with a containerd of the host."""
    restrict = "false" if machine.may_raise_priority else "true"
    # The `opt` plugin would make /opt/containerd on the host; the other snapshotters only warn.
    unused = ["internal.v1.opt", *(f"snapshotter.v1.{name}" for name in _OTHER_SNAPSHOTTERS)]
    disabled = json.dumps([f"io.containerd.{name}" for name in unused])
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{INSIDE}/containerd"
state = "/run/containerd"
disabled_plugins = {disabled}

[grpc]
address = "/run/containerd/containerd.sock"

[{cri}]
sandbox_image = "{config.registry}/{PAUSE_IMAGE}"
restrict_oom_score_adj = {restrict}
disable_apparmor = true
disable_tcp_service = true
max_concurrent_downloads = 6

[{cri}.containerd]
snapshotter = "{machine.snapshotter}"
default_runtime_name = "runc"

[{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[{cri}.containerd.runtimes.runc.options]
BinaryName = "{machine.runc}"
SystemdCgroup = false

[{cri}.cni]
bin_dir = "{machine.cni_plugins}"
conf_dir = "{INSIDE}/settings/cni"

[{cri}.registry]
config_path = "{INSIDE}/settings/certs.d"

[{cri}.registry.configs."{config.registry}".auth]
username = "{REGISTRY_USER}"
password = "{registry_password}"
"""


_OTHER_SNAPSHOTTERS = ("aufs", "btrfs", "devmapper", "zfs")


def registry_host(config: ClusterConfig) -> str:
    """How containerd reaches the registry.

    It asks the server once more after each failure of the host, so both are told the authority:
    else "unknown authority" would be what people read, whatever the reason was.
    """
    authority = f'ca = "{INSIDE}/pki/ca.crt"'
    return f"""server = "https://{config.registry}"
{authority}

[host."https://{config.registry}"]
{authority}
"""


def cni(config: ClusterConfig) -> str:
    """The pods' network: a cable from each pod to the node, everything routed.

    With a bridge, two pods would talk past the node's packet filter and answers to a ClusterIP
    would come from the wrong address, unless the machine's bridge-netfilter sysctl were changed.
    """
    plugin: dict[str, Any] = {
        "type": "ptp",
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": str(config.ranges.pods)}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": "/run/cni-addresses",
        },
    }
    return json.dumps({"cniVersion": "1.0.0", "name": "ekiben", "plugins": [plugin]}, indent=2)


def registry(config: ClusterConfig) -> str:
    """The image registry (distribution 2.8): TLS and one user.

    Nothing of what it holds is remembered in memory: it would then take a push of what its disk
    has lost for one of what is there.
    """
    document = {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": False}},
        "storage": {
            "filesystem": {"rootdirectory": str(REGISTRY_STORAGE)},
            "delete": {"enabled": True},
        },
        "http": {
            "addr": f"{config.ranges.node}:{REGISTRY_PORT}",
            "tls": {
                "certificate": str(INSIDE / "pki/registry.crt"),
                "key": str(INSIDE / "pki/registry.key"),
            },
        },
        "auth": {
            "htpasswd": {"realm": "ekiben", "path": str(INSIDE / "settings/registry.htpasswd")}
        },
    }
    return yaml.safe_dump(document, sort_keys=False)


def egress(config: ClusterConfig) -> str:
    """What leaves the node by its way out carries the node's address there.

    Packets to the cluster itself never do: the host would send those to a pod that is gone straight
    back, round and round.
    """
    return f"""table ip ekiben-egress {{
  chain inside {{
    type filter hook postrouting priority filter;
    oifname "{EGRESS_INTERFACE}" ip daddr {config.ranges.egress} accept
    oifname "{EGRESS_INTERFACE}" ip daddr {config.ranges.block} drop
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    oifname "{EGRESS_INTERFACE}" ip saddr != {config.ranges.egress} masquerade
  }}
}}
"""


def gateway(config: ClusterConfig) -> str:
    """Envoy on the host: one loopback port to the gateway's ClusterIP, byte for byte."""

    def address(host: str, port: int) -> dict[str, Any]:
        return {"socket_address": {"address": host, "port_value": port}}

    proxy = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "gateway",
        "cluster": "gateway",
    }
    target = {"endpoint": {"address": address(str(config.ranges.gateway), 80)}}
    document = {
        "static_resources": {
            "listeners": [
                {
                    "name": "gateway",
                    "address": address("127.0.0.1", config.gateway_port),
                    # Else two forwarders could share one port and each serve half of the calls.
                    "enable_reuse_port": False,
                    "filter_chains": [{"filters": [{"name": "tcp_proxy", "typed_config": proxy}]}],
                }
            ],
            "clusters": [
                {
                    "name": "gateway",
                    "type": "STATIC",
                    "connect_timeout": "5s",
                    "load_assignment": {
                        "cluster_name": "gateway",
                        "endpoints": [{"lb_endpoints": [target]}],
                    },
                }
            ],
        }
    }
    return json.dumps(document, indent=2)
