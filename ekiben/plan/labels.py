"""The labels every object carries: the only place they are written.

`managed-by` and `stack` together are the stamp: an object without them belongs to someone else and
is never taken over.
"""

from typing import Any

MANAGED_BY = "app.kubernetes.io/managed-by"
STACK = "ekiben.dev/stack"
TEAM = "ekiben.dev/team"
TRACK = "ekiben.dev/track"
VERSION = "ekiben.dev/version"
NODE_GROUP = "ekiben.dev/node-group"
CAPACITY = "ekiben.dev/capacity-spread"
"""On nodes: replicas that spread over its values are on spot nodes to the wanted share."""

STABLE = "stable"
"""The track that the working tree feeds."""


def stamp(stack: str) -> dict[str, str]:
    """Who placed an object."""
    return {MANAGED_BY: "ekiben", STACK: stack}


def of_team(stack: str, team: str) -> dict[str, str]:
    return {**stamp(stack), TEAM: team}


def of_model(stack: str, team: str, model: str) -> dict[str, str]:
    return {
        **of_team(stack, team),
        "app.kubernetes.io/name": model,
        "app.kubernetes.io/component": "model",
    }


def selector(model: str, track: str) -> dict[str, str]:
    """What tells a track's pods from all others; the version is not part of it."""
    return {"app.kubernetes.io/name": model, TRACK: track}


def metadata(
    name: str, labels: dict[str, str], namespace: str | None = None, **more: Any
) -> dict[str, Any]:
    """`metadata` of an object; `namespace` is left out for cluster-wide kinds."""
    place = {"namespace": namespace} if namespace else {}
    return {"name": name, **place, "labels": labels, **more}
