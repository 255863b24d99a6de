"""The table of what a node runs: arguments, order and health, as pure functions of its choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.cluster import probes
from local.cluster.config import API_PORT, ClusterConfig
from local.cluster.layout import INSIDE
from local.cluster.settings import EGRESS_INTERFACE, PAUSE_IMAGE

SETTINGS = INSIDE / "settings"
PKI = INSIDE / "pki"
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")
CONTAINERD_NAMESPACE = "k8s.io"


@dataclass(frozen=True)
class Unit:
    """One process that the supervisor keeps running, or one command that it runs once."""

    name: str
    argv: tuple[str, ...]
    ready: probes.Probe
    after: tuple[str, ...] = ()
    """Names of units that have to be ready before this one starts."""
    on_host: bool = False
    """Whether it runs in the network namespace of the host."""
    once: bool = False
    """A command that has to succeed, and is then ready for good."""
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 5.0
    """Seconds from SIGTERM to SIGKILL."""


def node_units(
    config: ClusterConfig, tools: Mapping[str, Path], pause_archive: Path, *, egress: bool
) -> tuple[Unit, ...]:
    """Everything of a node, in no particular order."""
    units = (
        _etcd(tools),
        _registry(config, tools),
        _containerd(tools),
        _pause(tools, pause_archive),
        _pause_pin(config, tools),
        _api_server(config, tools),
        _controller_manager(config, tools),
        _scheduler(tools),
        _kubelet(config, tools),
        _kube_proxy(tools),
        _gateway(config, tools),
    )
    return (*units, _egress_rules(tools), _egress(config, tools)) if egress else units


def _flags(**values: object) -> tuple[str, ...]:
    """`a_b=1` as `--a-b=1`, in Kubernetes' spelling of booleans."""

    def text(value: object) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    return tuple(f"--{name.replace('_', '-')}={text(value)}" for name, value in values.items())


def _etcd(tools: Mapping[str, Path]) -> Unit:
    client, peer, health = 2379, 2380, "http://127.0.0.1:2381"
    flags = _flags(
        name="node",
        data_dir=INSIDE / "etcd",
        listen_client_urls=f"https://127.0.0.1:{client}",
        advertise_client_urls=f"https://127.0.0.1:{client}",
        listen_peer_urls=f"https://127.0.0.1:{peer}",
        initial_advertise_peer_urls=f"https://127.0.0.1:{peer}",
        initial_cluster=f"node=https://127.0.0.1:{peer}",
        listen_metrics_urls=health,
        client_cert_auth=True,
        trusted_ca_file=PKI / "etcd-ca.crt",
        cert_file=PKI / "etcd.crt",
        key_file=PKI / "etcd.key",
        peer_client_cert_auth=True,
        peer_trusted_ca_file=PKI / "etcd-ca.crt",
        peer_cert_file=PKI / "etcd.crt",
        peer_key_file=PKI / "etcd.key",
        auto_compaction_retention="1h",
        quota_backend_bytes=4 * 1024**3,
        logger="zap",
    )
    return Unit("etcd", (str(tools["etcd"]), *flags), probes.Http(f"{health}/health"))


def _registry(config: ClusterConfig, tools: Mapping[str, Path]) -> Unit:
    argv = (str(tools["docker-registry"]), "serve", str(SETTINGS / "registry.yaml"))
    answer = probes.Http(f"https://{config.registry}/", ca=PKI / "ca.crt")
    environment = {"OTEL_TRACES_EXPORTER": "none"}
    return Unit("registry", argv, answer, environment=environment)


def _containerd(tools: Mapping[str, Path]) -> Unit:
    argv = (str(tools["containerd"]), "--config", str(SETTINGS / "containerd.toml"))
    return Unit("containerd", argv, probes.Socket(CONTAINERD_SOCKET))


def _ctr(tools: Mapping[str, Path], *arguments: str) -> tuple[str, ...]:
    ends = ("--address", str(CONTAINERD_SOCKET), "--namespace", CONTAINERD_NAMESPACE)
    return (str(tools["ctr"]), *ends, *arguments)


def list_tasks(tools: Mapping[str, Path]) -> tuple[str, ...]:
    """The command that lists all containers' processes."""
    return _ctr(tools, "tasks", "ls")


def _pause(tools: Mapping[str, Path], archive: Path) -> Unit:
    """Every pod needs this image first: it is there without any registry."""
    argv = _ctr(tools, "images", "import", "--digests=false", str(archive))
    return Unit("pause", argv, probes.Exited(), after=("containerd",), once=True)


def _pause_pin(config: ClusterConfig, tools: Mapping[str, Path]) -> Unit:
    """The label keeps the kubelet's collection of images away from it."""
    image = f"{config.registry}/{PAUSE_IMAGE}"
    argv = _ctr(tools, "images", "label", image, "io.cri-containerd.pinned=pinned")
    return Unit("pause-pin", argv, probes.Exited(), after=("pause",), once=True)


def _api_server(config: ClusterConfig, tools: Mapping[str, Path]) -> Unit:
    flags = _flags(
        advertise_address=config.ranges.node,
        bind_address=config.ranges.node,
        secure_port=API_PORT,
        service_cluster_ip_range=config.ranges.services,
        client_ca_file=PKI / "ca.crt",
        tls_cert_file=PKI / "apiserver.crt",
        tls_private_key_file=PKI / "apiserver.key",
        etcd_servers="https://127.0.0.1:2379",
        etcd_cafile=PKI / "etcd-ca.crt",
        etcd_certfile=PKI / "apiserver-etcd-client.crt",
        etcd_keyfile=PKI / "apiserver-etcd-client.key",
        kubelet_certificate_authority=PKI / "ca.crt",
        kubelet_client_certificate=PKI / "apiserver-kubelet-client.crt",
        kubelet_client_key=PKI / "apiserver-kubelet-client.key",
        # Nothing resolves the node's name.
        kubelet_preferred_address_types="InternalIP",
        service_account_issuer="https://kubernetes.default.svc.cluster.local",
        service_account_signing_key_file=PKI / "service-account.key",
        service_account_key_file=PKI / "service-account.pub",
        authorization_mode="Node,RBAC",
        enable_admission_plugins="NodeRestriction",
        authentication_config=SETTINGS / "authentication.yaml",
        encryption_provider_config=SETTINGS / "encryption.yaml",
        audit_policy_file=SETTINGS / "audit-policy.yaml",
        audit_log_path=INSIDE / "log/audit.log",
        audit_log_maxsize=100,
        audit_log_maxbackup=2,
        # The aggregation layer: add-ons such as a metrics adapter serve APIs through it.
        requestheader_client_ca_file=PKI / "front-proxy-ca.crt",
        requestheader_allowed_names="front-proxy-client",
        requestheader_extra_headers_prefix="X-Remote-Extra-",
        requestheader_group_headers="X-Remote-Group",
        requestheader_username_headers="X-Remote-User",
        proxy_client_cert_file=PKI / "front-proxy-client.crt",
        proxy_client_key_file=PKI / "front-proxy-client.key",
        enable_aggregator_routing=True,
        profiling=False,
    )
    ready = probes.Http(f"{config.api}/readyz", ca=PKI / "ca.crt")
    return Unit("apiserver", (str(tools["kube-apiserver"]), *flags), ready, after=("etcd",))


def _own_server(name: str) -> dict[str, object]:
    """Flags by which a controller serves its health on loopback and knows its callers."""
    credentials = PKI / f"{name}.kubeconfig"
    return {
        "kubeconfig": credentials,
        "authentication_kubeconfig": credentials,
        "authorization_kubeconfig": credentials,
        "bind_address": "127.0.0.1",
        "tls_cert_file": PKI / f"{name}.crt",
        "tls_private_key_file": PKI / f"{name}.key",
        # One of each: an election would only make a restart wait for the old lease.
        "leader_elect": False,
        # With the usual 20 a second, the controllers' start alone takes seconds.
        "kube_api_qps": 200,
        "kube_api_burst": 400,
        "profiling": False,
    }


def _controller_manager(config: ClusterConfig, tools: Mapping[str, Path]) -> Unit:
    flags = _flags(
        **_own_server("controller-manager"),
        allocate_node_cidrs=True,
        cluster_cidr=config.ranges.pods,
        node_cidr_mask_size=config.ranges.pods.prefixlen,
        service_cluster_ip_range=config.ranges.services,
        use_service_account_credentials=True,
        root_ca_file=PKI / "ca.crt",
        service_account_private_key_file=PKI / "service-account.key",
        cluster_signing_cert_file=PKI / "ca.crt",
        cluster_signing_key_file=PKI / "ca.key",
        client_ca_file=PKI / "ca.crt",
        flex_volume_plugin_dir="/var/lib/kubelet/volume-plugins",
    )
    argv = (str(tools["kube-controller-manager"]), *flags)
    ready = probes.Http("https://127.0.0.1:10257/healthz", ca=PKI / "ca.crt")
    return Unit("controller-manager", argv, ready, after=("apiserver",))


def _scheduler(tools: Mapping[str, Path]) -> Unit:
    argv = (str(tools["kube-scheduler"]), *_flags(**_own_server("scheduler")))
    ready = probes.Http("https://127.0.0.1:10259/healthz", ca=PKI / "ca.crt")
    return Unit("scheduler", argv, ready, after=("apiserver",))


def _kubelet(config: ClusterConfig, tools: Mapping[str, Path]) -> Unit:
    flags = _flags(
        config=SETTINGS / "kubelet.yaml",
        kubeconfig=PKI / "kubelet.kubeconfig",
        hostname_override=config.node_name,
        node_ip=config.ranges.node,
        root_dir="/var/lib/kubelet",
    )
    argv = (str(tools["kubelet"]), *flags)
    ready = probes.Http("http://127.0.0.1:10248/healthz")
    # It exits where containerd's socket is not there yet.
    return Unit("kubelet", argv, ready, after=("containerd", "pause-pin", "apiserver"))


def _kube_proxy(tools: Mapping[str, Path]) -> Unit:
    argv = (str(tools["kube-proxy"]), *_flags(config=SETTINGS / "kube-proxy.yaml"))
    ready = probes.Http("http://127.0.0.1:10256/livez")
    return Unit("kube-proxy", argv, ready, after=("apiserver",))


def _gateway(config: ClusterConfig, tools: Mapping[str, Path]) -> Unit:
    argv = (
        str(tools["envoy"]),
        "--config-path",
        str(SETTINGS / "gateway.json"),
        "--disable-hot-restart",
        "--concurrency",
        "2",
        "--log-level",
        "warning",
    )
    return Unit("gateway", argv, probes.Listens(config.gateway_port), on_host=True)


def _egress_rules(tools: Mapping[str, Path]) -> Unit:
    argv = (str(tools["nft"]), "--file", str(SETTINGS / "egress.nft"))
    return Unit("egress-rules", argv, probes.Exited(), once=True)


def _egress(config: ClusterConfig, tools: Mapping[str, Path]) -> Unit:
    """A way out for the pods that asks nothing of the host: their packets become its sockets."""
    argv = (
        str(tools["slirp4netns"]),
        "--configure",
        "--mtu=1500",
        "--disable-host-loopback",
        f"--cidr={config.ranges.egress}",
        "--netns-type=path",
        "/proc/1/ns/net",
        EGRESS_INTERFACE,
    )
    return Unit("egress", argv, probes.Interface(EGRESS_INTERFACE), on_host=True)
