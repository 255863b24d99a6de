"""What a team needs once: its namespace and the account its models run under."""

from typing import Any

from . import labels
from .pod import SERVICE_ACCOUNT

_RESTRICTED = {
    f"pod-security.kubernetes.io/{mode}{suffix}": value
    for mode in ("enforce", "audit", "warn")
    for suffix, value in (("", "restricted"), ("-version", "latest"))
}


def namespace(name: str, own: dict[str, str]) -> dict[str, Any]:
    """A namespace whose pods the API server holds to the *restricted* standard."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": labels.metadata(name, {**own, **_RESTRICTED}),
    }


def service_account(stack: str, team: str) -> dict[str, Any]:
    """The models' account: it has no rights and no token in the cluster."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": labels.metadata(SERVICE_ACCOUNT, labels.of_team(stack, team), team),
        "automountServiceAccountToken": False,
    }
