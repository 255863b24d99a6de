"""Envoy Gateway's certificate job: in its chart a hook, which charts placed as resources drop.

It makes the certificates with which controller and proxies know each other, once; existing ones
are kept.
"""

from typing import Any

from . import labels

NAME = "ekiben-certgen"


def certgen(
    namespace: str, own: dict[str, str], image: str, release: str
) -> dict[str, dict[str, Any]]:
    """Objects by role, in the order they are placed. A release gets a job of its own name."""
    meta = labels.metadata(NAME, own, namespace)
    rbac = "rbac.authorization.k8s.io"
    return {
        "account": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": meta,
            "automountServiceAccountToken": False,
        },
        "role": {
            "apiVersion": f"{rbac}/v1",
            "kind": "Role",
            "metadata": meta,
            "rules": [
                {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "update"]}
            ],
        },
        "binding": {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
        },
        "job": {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": labels.metadata(f"{NAME}-{release.replace('.', '-')}", own, namespace),
            "spec": {
                "backoffLimit": 5,
                "template": {"metadata": {"labels": own}, "spec": _pod(image)},
            },
        },
    }


def _pod(image: str) -> dict[str, Any]:
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "restartPolicy": "OnFailure",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "certgen",
                "image": image,
                "command": ["envoy-gateway", "certgen", "--disable-topology-injector"],
                "env": [
                    {
                        "name": "ENVOY_GATEWAY_NAMESPACE",
                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
                    },
                    {"name": "KUBERNETES_CLUSTER_DOMAIN", "value": "cluster.local"},
                ],
                "resources": {
                    "requests": {"cpu": "10m", "memory": "64Mi"},
                    "limits": {"memory": "256Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }
