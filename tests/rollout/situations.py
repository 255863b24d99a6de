"""Kubernetes objects as the API server shows them, in the few fields that a roll-out looks at."""

from datetime import UTC, datetime, timedelta
from typing import Any

NEW, OLD = "3f2a9c1b", "0a1b2c3d"
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
IMAGE = f"registry:5000/vision/iris@sha256:{'a' * 64}"

Dict = dict[str, Any]


def ago(seconds: float) -> str:
    """The time stamp of so many seconds before NOW."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def deployment(
    *, wanted: int = 1, version: str = NEW, generation: int = 2, seen: int = 2, **status: Any
) -> Dict:
    """The Deployment iris-stable."""
    labels = {"app.kubernetes.io/managed-by": "ekiben", "ekiben.dev/stack": "local"}
    return {
        "metadata": {
            "name": "iris-stable",
            "uid": "deployment",
            "generation": generation,
            "labels": labels,
        },
        "spec": {
            "replicas": wanted,
            "selector": {"matchLabels": {"app": "iris"}},
            "template": {"metadata": {"labels": {"ekiben.dev/version": version}}},
        },
        "status": {"observedGeneration": seen, **status},
    }


def replica_set(version: str = NEW, *, revision: int = 2, refused: str = "") -> Dict:
    """A ReplicaSet of that Deployment, whose uid is its version and revision."""
    failure = {"type": "ReplicaFailure", "status": "True", "message": refused}
    return {
        "metadata": {
            "name": f"iris-stable-{version}",
            "uid": f"{version}-{revision}",
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [{"uid": "deployment"}],
        },
        "spec": {"template": {"metadata": {"labels": {"ekiben.dev/version": version}}}},
        "status": {"conditions": [failure] if refused else []},
    }


def pod(
    name: str = "a",
    *,
    version: str = NEW,
    revision: int = 2,
    ready: bool = False,
    node: str = "node-1",
    age: float = 12,
    containers: list[Dict] | None = None,
    spec: Dict | None = None,
    phase: str = "Running",
    going: bool = False,
    **status: Any,
) -> Dict:
    """A pod of one of those ReplicaSets, with one container `model` unless told otherwise."""
    scheduled = {"type": "PodScheduled", "status": "True" if node else "False"}
    metadata = {
        "name": name,
        "uid": f"pod-{name}",
        "creationTimestamp": ago(age),
        "labels": {"ekiben.dev/version": version},
        "ownerReferences": [{"uid": f"{version}-{revision}"}],
    }
    container = {"name": "model", "image": IMAGE, "resources": {}} | (spec or {})
    return {
        "metadata": metadata | ({"deletionTimestamp": ago(1)} if going else {}),
        "spec": {"containers": [container]} | ({"nodeName": node} if node else {}),
        "status": {
            "phase": phase,
            "conditions": [
                {"type": "Ready", "status": str(ready)},
                scheduled | {"message": status.pop("scheduler", "")},
            ],
            "containerStatuses": containers or [],
            **status,
        },
    }


def running(*, seconds: float = 12, restarts: int = 0, started: bool = True, **more: Any) -> Dict:
    """The status of a container that runs."""
    state = {"running": {"startedAt": ago(seconds)}}
    return {"name": "model", "restartCount": restarts, "started": started, "state": state} | more


def waiting(reason: str, text: str = "", *, restarts: int = 0, **more: Any) -> Dict:
    """The status of a container that does not run yet, or not again."""
    state = {"waiting": {"reason": reason, "message": text}}
    return {"name": "model", "restartCount": restarts, "started": False, "state": state} | more


def ended(code: int = 1, *, reason: str = "Error", ran: float = 5, text: str = "") -> Dict:
    """The end of a container, as `lastState` or `state` has it."""
    facts = {"exitCode": code, "reason": reason, "message": text}
    return {"terminated": facts | {"startedAt": ago(60 + ran), "finishedAt": ago(60)}}


def event(reason: str, text: str, *, about: str = "pod-a", age: float = 1) -> Dict:
    """An event about a pod."""
    return {
        "involvedObject": {"uid": about},
        "reason": reason,
        "message": text,
        "lastTimestamp": ago(age),
    }
