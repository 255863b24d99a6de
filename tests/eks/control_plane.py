"""A Kubernetes control plane alone: API server, controllers, scheduler, and KWOK for nodes.

It needs no root, and several run beside each other. Its certificates are made as those of the
local cluster, whose addresses here are written into objects and never used.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import yaml
from lightkube import Client

from local.cluster import api, pki
from local.cluster.config import ClusterConfig
from local.cluster.probes import Http
from local.cluster.ranges import Ranges
from local.toolchain import ensure
from tests.processes import Processes, free_ports, processes

TOOLS = ["etcd", "kube-apiserver", "kwok"]
CONFIG = ClusterConfig("eks", Ranges(IPv4Network("10.200.0.0/16")), 0)
PATIENCE = 120.0
"""Seconds for a start that takes a few: tests may run beside much else."""


@dataclass(frozen=True)
class Ports:
    etcd: int
    peer: int
    api: int
    controllers: int
    scheduler: int


@dataclass(frozen=True)
class ControlPlane:
    """One that serves."""

    endpoint: str
    ca_file: Path
    kubeconfig: Path
    """Of an administrator by client certificate."""

    folder: Path

    def client(self) -> Client:
        """A client with all rights."""
        return api.client(self.kubeconfig)


@dataclass(frozen=True)
class Prepared:
    """Where a control plane will be, before anything of it runs."""

    folder: Path
    ports: Ports

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.ports.api}"

    def file(self, name: str) -> Path:
        return self.folder / "pki" / name

    @property
    def ca_file(self) -> Path:
        return self.file("ca.crt")


def prepare(folder: Path) -> Prepared:
    """Choose its ports and make its certificates."""
    pki.ensure(folder / "pki", CONFIG)
    return Prepared(folder, Ports(*free_ports(5)))


@contextmanager
def control_plane(at: Prepared, webhook: str = "") -> Iterator[ControlPlane]:
    """Runs while the context does; `webhook` is the URL of a server of TokenReviews.

    That server shows the certificate `registry`, which like it is at 127.0.0.1.
    """
    tools = ensure(TOOLS)
    with processes(at.folder / "logs") as running:
        running.start("etcd", tools["etcd"], *_etcd(at))
        running.start("apiserver", tools["kube-apiserver"], *_api_server(at, webhook))
        for name in ("admin", "controller-manager", "scheduler"):
            _kubeconfig(at, name)
        wait(running, "the API server", Http(f"{at.endpoint}/readyz", at.ca_file))
        running.start("controllers", tools["kube-controller-manager"], *_controllers(at))
        running.start("scheduler", tools["kube-scheduler"], *_scheduler(at))
        running.start("kwok", tools["kwok"], *_kwok(at, tools["kwok-stages"]))
        made = ControlPlane(at.endpoint, at.ca_file, _kubeconfig(at, "admin"), at.folder)
        for name, port in (
            ("controllers", at.ports.controllers),
            ("scheduler", at.ports.scheduler),
        ):
            wait(running, name, Http(f"https://127.0.0.1:{port}/healthz", at.ca_file))
        yield made


def wait(running: Processes, what: str, ready: Callable[[None], bool]) -> None:
    """Until it is ready, or something has ended."""
    deadline = time.monotonic() + PATIENCE
    while not ready(None):
        running.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not ready after {PATIENCE:.0f} s; see {running.logs}")
        time.sleep(0.05)


def _kubeconfig(at: Prepared, name: str) -> Path:
    """For the holder of a certificate, which it names."""
    user = {
        "client-certificate": str(at.file(f"{name}.crt")),
        "client-key": str(at.file(f"{name}.key")),
    }
    cluster = {"server": at.endpoint, "certificate-authority": str(at.ca_file)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "eks", "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": "eks", "user": name}}],
        "current-context": name,
    }
    path = at.file(f"{name}.kubeconfig")
    path.write_text(yaml.safe_dump(document))
    return path


def _webhook(at: Prepared, url: str) -> Path:
    """How the API server reaches it: a kubeconfig too, by Kubernetes' own choice."""
    cluster = {"server": url, "certificate-authority": str(at.ca_file)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "webhook", "cluster": cluster}],
        "users": [{"name": "api-server", "user": {}}],
        "contexts": [{"name": "only", "context": {"cluster": "webhook", "user": "api-server"}}],
        "current-context": "only",
    }
    path = at.file("webhook.kubeconfig")
    path.write_text(yaml.safe_dump(document))
    return path


def _etcd(at: Prepared) -> list[str]:
    client, peer = (f"https://127.0.0.1:{port}" for port in (at.ports.etcd, at.ports.peer))
    own = {"trusted-ca-file": "etcd-ca.crt", "cert-file": "etcd.crt", "key-file": "etcd.key"}
    return [
        "--name=eks",
        f"--data-dir={at.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=eks={peer}",
        "--client-cert-auth",
        "--peer-client-cert-auth",
        *(f"--{flag}={at.file(name)}" for flag, name in own.items()),
        *(f"--peer-{flag}={at.file(name)}" for flag, name in own.items()),
        "--unsafe-no-fsync",  # it lives as long as a test
        "--logger=zap",
    ]


def _api_server(at: Prepared, webhook: str) -> list[str]:
    certificates = {
        "client-ca-file": "ca.crt",
        "tls-cert-file": "apiserver.crt",
        "tls-private-key-file": "apiserver.key",
        "etcd-cafile": "etcd-ca.crt",
        "etcd-certfile": "apiserver-etcd-client.crt",
        "etcd-keyfile": "apiserver-etcd-client.key",
        "service-account-signing-key-file": "service-account.key",
        "service-account-key-file": "service-account.pub",
        "requestheader-client-ca-file": "front-proxy-ca.crt",
        "proxy-client-cert-file": "front-proxy-client.crt",
        "proxy-client-key-file": "front-proxy-client.key",
    }
    return [
        *(f"--{flag}={at.file(name)}" for flag, name in certificates.items()),
        "--bind-address=127.0.0.1",
        f"--secure-port={at.ports.api}",
        f"--advertise-address={CONFIG.ranges.node}",  # loopback is refused
        f"--etcd-servers=https://127.0.0.1:{at.ports.etcd}",
        f"--service-cluster-ip-range={CONFIG.ranges.services}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        # etcd 3.4 cannot stream lists; newer clients ask for them until they are told so.
        "--feature-gates=WatchList=false",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        *(_reviews(_webhook(at, webhook)) if webhook else []),
    ]


def _reviews(config: Path) -> list[str]:
    return [
        f"--authentication-token-webhook-config-file={config}",
        "--authentication-token-webhook-version=v1",
        # A refusal is asked for anew soon: an entry may have come meanwhile.
        "--authentication-token-webhook-cache-ttl=1s",
    ]


def _controller(at: Prepared, name: str, port: int) -> list[str]:
    credentials = at.file(f"{name}.kubeconfig")
    return [
        f"--kubeconfig={credentials}",
        f"--authentication-kubeconfig={credentials}",
        f"--authorization-kubeconfig={credentials}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={at.file(f'{name}.crt')}",
        f"--tls-private-key-file={at.file(f'{name}.key')}",
        "--leader-elect=false",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]


def _controllers(at: Prepared) -> list[str]:
    return [
        *_controller(at, "controller-manager", at.ports.controllers),
        "--use-service-account-credentials",
        f"--root-ca-file={at.ca_file}",
        f"--service-account-private-key-file={at.file('service-account.key')}",
        f"--cluster-signing-cert-file={at.ca_file}",
        f"--cluster-signing-key-file={at.file('ca.key')}",
        f"--flex-volume-plugin-dir={at.folder / 'volume-plugins'}",
        # A busy machine's late heartbeat is no dead node.
        "--node-monitor-grace-period=10m",
    ]


def _scheduler(at: Prepared) -> list[str]:
    return _controller(at, "scheduler", at.ports.scheduler)


def _kwok(at: Prepared, stages: Path) -> list[str]:
    found = [path for path in sorted(stages.glob("*/*.yaml")) if path.stem != "kustomization"]
    return [
        f"--kubeconfig={at.file('admin.kubeconfig')}",
        *(f"--config={path}" for path in found),
        "--manage-all-nodes=true",
        f"--cidr={CONFIG.ranges.pods}",
        "--node-lease-duration-seconds=40",
    ]
