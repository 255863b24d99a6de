"""Fixtures of the roll-outs' tests on a real cluster."""

import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from lightkube import ApiError, Client, KubeConfig
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Namespace, ServiceAccount

from ekiben import rollout
from ekiben.rollout.api import Api
from local.cluster.layout import Layout
from tests.rollout.situations import IMAGE

VERSION_LABEL = "ekiben.dev/version"
CLUSTER = "rollout"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A namespace of a real cluster, and an image that is there: the cluster's own DNS server."""

    client: Client
    api: Api
    kubeconfig: str
    namespace: str
    image: str

    def put(
        self, version: str, spec: dict[str, Any] | None = None, **container: Any
    ) -> rollout.Target:
        """Place `iris-stable` at that version; returns what to follow."""
        usual = {
            "name": "model",
            "image": self.image,
            "args": ["-dns.port=1053"],
            "readinessProbe": {"tcpSocket": {"port": 1053}, "periodSeconds": 1},
        }
        labels = {"app.kubernetes.io/managed-by": "ekiben", "ekiben.dev/stack": "test"}
        made = msgspec.convert(
            {
                "metadata": {
                    "name": "iris-stable",
                    "namespace": self.namespace,
                    "labels": labels,
                },
                "spec": {
                    "selector": {"matchLabels": {"app": "iris"}},
                    "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
                    "template": {
                        "metadata": {"labels": {"app": "iris", VERSION_LABEL: version}},
                        "spec": {
                            "containers": [usual | container],
                            "terminationGracePeriodSeconds": 0,
                            **(spec or {}),
                        },
                    },
                },
            },
            Deployment,
        )
        self.client.apply(made, field_manager="test", force=True)
        return rollout.Target(
            model="iris",
            namespace=self.namespace,
            deployment="iris-stable",
            version=version,
            image=IMAGE,
            deadline_seconds=60,
        )


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[str]:
    """A cluster's kubeconfig: the end-to-end tests' where it runs, else of one made for these."""
    for name in (CLUSTER, "e2e"):
        if _answers(_kubeconfig_of(name)):
            yield str(_kubeconfig_of(name))
            return
    _local("up", "--cluster", CLUSTER)
    try:
        yield str(_kubeconfig_of(CLUSTER))
    finally:
        _local("down", "--cluster", CLUSTER)


@pytest.fixture
def place(kubeconfig: str) -> Iterator[Place]:
    """A fresh namespace with nothing in it, deleted afterwards."""
    name = f"rollout-test-{secrets.token_hex(4)}"
    client = Client(KubeConfig.from_file(kubeconfig))
    with rollout.connect(kubeconfig) as api:
        dns = client.get(Deployment, "coredns", namespace="kube-system").to_dict()
        client.create(Namespace(metadata=ObjectMeta(name=name)))
        try:
            _until(lambda: client.get(ServiceAccount, "default", namespace=name))
            yield Place(
                client=client,
                api=api,
                kubeconfig=kubeconfig,
                namespace=name,
                image=dns["spec"]["template"]["spec"]["containers"][0]["image"],
            )
        finally:
            client.delete(Namespace, name)


def _until(answers: Callable[[], object]) -> None:
    """Wait until the call raises no API error, 20 s at most."""
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        with suppress(ApiError):
            answers()
            return
        time.sleep(0.1)
    answers()


def _kubeconfig_of(cluster: str) -> Path:
    return Layout.of_user(cluster).root / "kubeconfig"


def _answers(kubeconfig: Path) -> bool:
    if not kubeconfig.is_file():
        return False
    try:
        Client(KubeConfig.from_file(kubeconfig)).get(Deployment, "coredns", namespace="kube-system")
    except (httpx2.HTTPError, OSError):
        return False
    return True


def _local(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "local", *arguments], check=True, timeout=600)
