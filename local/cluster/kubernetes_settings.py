"""Configuration files of the Kubernetes components, as pure functions of the cluster's choices."""

from __future__ import annotations

from typing import Any

import yaml

from local.cluster.config import ClusterConfig
from local.cluster.layout import INSIDE

DOMAIN = "cluster.local"
_PKI = INSIDE / "pki"


def _yaml(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False)


def kubelet(config: ClusterConfig, cgroup: str) -> str:
    """`cgroup` is the parent of all pods, relative to the hierarchies' roots."""
    return _yaml(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": str(config.ranges.node),
            "tlsCertFile": str(_PKI / "kubelet-serving.crt"),
            "tlsPrivateKeyFile": str(_PKI / "kubelet-serving.key"),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(_PKI / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "healthzBindAddress": "127.0.0.1",
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{cgroup}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "makeIPTablesUtilChains": False,
            "clusterDNS": [str(config.ranges.dns)],
            "clusterDomain": DOMAIN,
            "resolvConf": str(INSIDE / "settings/resolv.conf"),
            "volumePluginDir": "/var/lib/kubelet/volume-plugins",
            "maxPods": 250,
            # The machine is somebody's: a disk or memory nearly full is no reason to evict.
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "nodefs.inodesFree": "1%",
                "imagefs.available": "1%",
            },
            # 100 switches collection by fullness off; by age it stays on.
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "imageMaximumGCAge": "168h",
            # One local registry and one local API server: no need to be gentle to either.
            "serializeImagePulls": False,
            "registryPullQPS": 0,
            "eventRecordQPS": 0,
            "kubeAPIQPS": 100,
            "kubeAPIBurst": 200,
            "syncFrequency": "10s",
            "nodeStatusUpdateFrequency": "5s",
        }
    )


def kube_proxy(config: ClusterConfig) -> str:
    """Rules in nftables, of the node's network namespace only."""
    return _yaml(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clientConnection": {"kubeconfig": str(_PKI / "kube-proxy.kubeconfig")},
            "hostnameOverride": config.node_name,
            "clusterCIDR": str(config.ranges.pods),
            "nodePortAddresses": ["primary"],
            "healthzBindAddress": "127.0.0.1:10256",
            "metricsBindAddress": "127.0.0.1:10249",
            # Rules follow endpoints at once: a request to a pod that just woke must not wait.
            "nftables": {"minSyncPeriod": "50ms", "syncPeriod": "30s"},
            # These limits are the machine's, not the namespace's: leave them alone.
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
        }
    )


def audit_policy() -> str:
    """Who did what, without bodies: one line a request, but none for heartbeats."""
    heartbeats = {"group": "coordination.k8s.io", "resources": ["leases"]}
    health = ["/healthz*", "/livez*", "/readyz*"]
    return _yaml(
        {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [
                {"level": "None", "resources": [heartbeats]},
                {"level": "None", "nonResourceURLs": health},
                {"level": "Metadata"},
            ],
        }
    )


def encryption(key: str) -> str:
    """Secrets at rest; `key` is 32 bytes in base64."""
    return _yaml(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [
                {
                    "resources": ["secrets"],
                    "providers": [
                        {"secretbox": {"keys": [{"name": "1", "secret": key}]}},
                        {"identity": {}},
                    ],
                }
            ],
        }
    )


def authentication() -> str:
    """Nobody anonymous, but for the health of the API server."""
    health = [{"path": path} for path in ("/livez", "/readyz", "/healthz")]
    return _yaml(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "AuthenticationConfiguration",
            "anonymous": {"enabled": True, "conditions": health},
        }
    )
