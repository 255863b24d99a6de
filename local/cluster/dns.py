"""CoreDNS in the cluster: its objects as plain dicts in Kubernetes' own spelling."""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Any

from local.cluster.config import ClusterConfig
from local.cluster.kubernetes_settings import DOMAIN

NAMESPACE = "kube-system"
NAME = "coredns"
_LABELS = {"k8s-app": "kube-dns", "app.kubernetes.io/name": NAME}


def corefile(nameservers: Sequence[str]) -> str:
    """Names of the cluster; all others go to `nameservers`, or do not exist without any."""
    others = f"forward . {' '.join(nameservers)}" if nameservers else _NOTHING_ELSE
    return f"""{DOMAIN}:{_PORT} in-addr.arpa:{_PORT} {{
    errors
    health :8080
    ready :8181
    prometheus :9153
    kubernetes {DOMAIN} in-addr.arpa {{
        pods insecure
        ttl 5
    }}
    cache 5
}}
.:{_PORT} {{
    errors
    {others}
    cache 30
}}
"""


_PORT = 5353
"""An ordinary user cannot listen on 53; the Service translates."""
_NOTHING_ELSE = "template ANY ANY {\n        rcode NXDOMAIN\n    }"


def objects(config: ClusterConfig, image: str, nameservers: Sequence[str]) -> list[dict[str, Any]]:
    """Everything of the cluster's DNS, and the API server's right to reach kubelets."""
    text = corefile(nameservers)
    return [
        _kubelet_access(),
        _named("v1", "ServiceAccount"),
        _role(),
        _role_binding(),
        _named("v1", "ConfigMap") | {"data": {"Corefile": text}},
        _deployment(image, hashlib.sha256(text.encode()).hexdigest()[:16]),
        _service(config),
    ]


def _named(api: str, kind: str, *, name: str = NAME, namespaced: bool = True) -> dict[str, Any]:
    where = {"namespace": NAMESPACE} if namespaced else {}
    metadata = {"name": name, **where, "labels": _LABELS}
    return {"apiVersion": api, "kind": kind, "metadata": metadata}


_RBAC = "rbac.authorization.k8s.io"


def _kubelet_access() -> dict[str, Any]:
    """For logs and exec: the API server's client certificate carries no rights of its own."""
    name = "ekiben:apiserver-kubelet-client"
    user = {"apiGroup": _RBAC, "kind": "User", "name": "kube-apiserver-kubelet-client"}
    role = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "system:kubelet-api-admin"}
    binding = _named(f"{_RBAC}/v1", "ClusterRoleBinding", name=name, namespaced=False)
    return binding | {"roleRef": role, "subjects": [user]}


def _role() -> dict[str, Any]:
    verbs = ["list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": verbs},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs},
    ]
    return _named(f"{_RBAC}/v1", "ClusterRole", name=_ROLE, namespaced=False) | {"rules": rules}


_ROLE = "system:coredns"


def _role_binding() -> dict[str, Any]:
    account = {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
    role = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": _ROLE}
    binding = _named(f"{_RBAC}/v1", "ClusterRoleBinding", name=_ROLE, namespaced=False)
    return binding | {"roleRef": role, "subjects": [account]}


def _probe(path: str, port: int, every: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": every, "timeoutSeconds": 5}


def _container(image: str) -> dict[str, Any]:
    return {
        "name": NAME,
        "image": image,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": _PORT, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": _PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "170Mi"}},
        "readinessProbe": _probe("/ready", 8181, 1),
        "livenessProbe": _probe("/health", 8080, 10),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }


def _deployment(image: str, config_digest: str) -> dict[str, Any]:
    pod = {
        "serviceAccountName": NAME,
        "priorityClassName": "system-cluster-critical",
        # With the cluster's DNS its own upstream would be itself.
        "dnsPolicy": "Default",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(image)],
        "volumes": [{"name": "config", "configMap": {"name": NAME}}],
    }
    selector = {"k8s-app": "kube-dns"}
    # A new configuration makes new pods, which serve before the old ones go.
    metadata = {"labels": _LABELS, "annotations": {"ekiben.dev/config": config_digest}}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": selector},
        "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": metadata, "spec": pod},
    }
    return _named("apps/v1", "Deployment") | {"spec": spec}


def _service(config: ClusterConfig) -> dict[str, Any]:
    def port(name: str, number: int, target: str, protocol: str) -> dict[str, Any]:
        return {"name": name, "port": number, "targetPort": target, "protocol": protocol}

    spec = {
        "clusterIP": str(config.ranges.dns),
        "selector": {"k8s-app": "kube-dns"},
        "ports": [
            port("dns", 53, "dns", "UDP"),
            port("dns-tcp", 53, "dns-tcp", "TCP"),
            port("metrics", 9153, "metrics", "TCP"),
        ],
    }
    return _named("v1", "Service", name="kube-dns") | {"spec": spec}


def answers(server: IPv4Address, name: str = f"kubernetes.default.svc.{DOMAIN}") -> bool:
    """Whether the server at `server` resolves a name that every cluster has."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    recursion_desired, one_question, type_a, internet = 0x0100, 1, 1, 1
    question = struct.pack(">6H", 1, recursion_desired, one_question, 0, 0, 0) + labels + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1.0)
        try:
            client.sendto(question + struct.pack(">2H", type_a, internet), (str(server), 53))
            answer = client.recv(512)
        except OSError:
            return False
    flags, _, count = struct.unpack(">3H", answer[2:8])
    return bool(flags & 0xF == 0 and count > 0)
