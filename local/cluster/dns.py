"""CoreDNS in the cluster: its objects as plain dicts in Kubernetes' own spelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.cluster.config import ClusterConfig
from local.cluster.kubernetes_settings import DOMAIN

NAMESPACE = "kube-system"
NAME = "coredns"
_LABELS = {"k8s-app": "kube-dns", "app.kubernetes.io/name": NAME}


def corefile(nameservers: Sequence[str]) -> str:
    """Names of the cluster; all others go to `nameservers`, or get "no such name" without any."""
    upstream = f"forward . {' '.join(nameservers)}" if nameservers else NO_UPSTREAM
    return f""".:5353 {{
    errors
    health :8080 {{
        lameduck 5s
    }}
    ready :8181
    kubernetes {DOMAIN} in-addr.arpa {{
        pods insecure
        fallthrough in-addr.arpa
        ttl 5
    }}
    prometheus :9153
    {upstream}
    cache 30
    loop
    reload
}}
"""


NO_UPSTREAM = "template ANY ANY {\n        rcode NXDOMAIN\n    }"


def objects(config: ClusterConfig, image: str, nameservers: Sequence[str]) -> list[dict[str, Any]]:
    """Everything of the cluster's DNS, and the API server's right to reach kubelets."""
    return [
        _kubelet_access(),
        _named("v1", "ServiceAccount"),
        _role(),
        _role_binding(),
        _named("v1", "ConfigMap") | {"data": {"Corefile": corefile(nameservers)}},
        _deployment(image),
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
            {"name": "dns", "containerPort": 5353, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 5353, "protocol": "TCP"},
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


def _deployment(image: str) -> dict[str, Any]:
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
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": selector},
        "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": _LABELS}, "spec": pod},
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
