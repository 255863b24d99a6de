"""The way into an EKS cluster: addresses and a command, no secret."""

from typing import Any


def kubeconfig(cluster: str, region: str, server: str, authority: str) -> dict[str, Any]:
    """A kubeconfig whose user asks `ekiben token`, with the AWS credentials of whoever runs it.

    `authority` is the certificate authority of the API server, PEM in base64.
    """
    command = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "ekiben",
        "args": ["token", "--cluster", cluster, "--region", region],
        "interactiveMode": "Never",
        "provideClusterInfo": False,
        "installHint": "Install Ekiben, or put its environment's bin folder on PATH.",
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster,
                "cluster": {"server": server, "certificate-authority-data": authority},
            }
        ],
        "users": [{"name": cluster, "user": {"exec": command}}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        "current-context": cluster,
    }
