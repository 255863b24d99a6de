"""How many replicas of which version are ready, watched while something else goes on."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lightkube import Client, KubeConfig
from lightkube.generic_resource import create_namespaced_resource

_POLL_SECONDS = 0.5
_POD = create_namespaced_resource("", "v1", "Pod", "pods")


def client(kubeconfig: Path) -> Client:
    return Client(config=KubeConfig.from_file(kubeconfig).get(), trust_env=False)


def _pods(cluster: Client, namespace: str, model: str) -> list[dict[str, Any]]:
    found = cluster.list(_POD, namespace=namespace, labels={"app.kubernetes.io/name": model})
    return [dict(pod) for pod in found]


def _versions(pods: Iterable[dict[str, Any]]) -> Counter[str]:
    return Counter(pod["metadata"]["labels"]["ekiben.dev/version"] for pod in pods)


def ready(cluster: Client, namespace: str, model: str) -> Counter[str]:
    """Ready replicas by version; one that is told to stop does not count."""
    return _versions(filter(_is_ready, _pods(cluster, namespace, model)))


def names(cluster: Client, namespace: str, model: str) -> list[str]:
    pods = filter(_is_ready, _pods(cluster, namespace, model))
    return sorted(pod["metadata"]["name"] for pod in pods)


def delete(cluster: Client, namespace: str, name: str) -> None:
    """What `kubectl delete pod` does."""
    cluster.delete(_POD, name, namespace=namespace)


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    told = {condition["type"]: condition["status"] for condition in conditions}
    return told.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


class Watch:
    """Looks at a model's replicas until it is stopped."""

    def __init__(self, cluster: Client, namespace: str, model: str) -> None:
        self._asked = (cluster, namespace, model)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.least: dict[str, int] = {}
        self.least_together = ready(*self._asked).total()
        self.placed: float | None = None
        """When the first replica of another version was there, by the monotonic clock."""

        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        start = ready(*self._asked)
        self.least = dict(start)
        while not self._stopping.wait(_POLL_SECONDS):
            pods = _pods(*self._asked)
            now = _versions(filter(_is_ready, pods))
            if self.placed is None and _versions(pods).keys() - start.keys():
                self.placed = time.monotonic()
            self.least = {version: min(n, now[version]) for version, n in self.least.items()}
            self.least_together = min(self.least_together, now.total())
