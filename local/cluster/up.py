"""`up`: from whatever is there to a cluster that is ready."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lightkube import Client

from local import toolchain
from local.cluster import api, dns, files, images, lock, machine, oci, start
from local.cluster.config import ClusterConfig
from local.cluster.down import finish_removal
from local.cluster.layout import Layout
from local.cluster.patience import Patience
from local.cluster.registry import RegistryClient, auth_file, cert_dir
from local.toolchain import Progress

NODE_TOOLS = (
    "kubernetes",
    "etcd",
    "containerd",
    "runc",
    "cni",
    "nftables",
    "registry",
    "envoy",
    "pause",
)
IMAGE_TOOLS = ("coredns", "envoy-gateway", "gateway-chart")

_NODE_SECONDS = 180.0
_DNS_SECONDS = 120.0


def up(layout: Layout, progress: Progress) -> None:
    """Make the cluster ready; may be repeated at any time, after any interruption."""
    machine.check()
    layout.clusters.mkdir(parents=True, exist_ok=True)
    with lock.held(layout.lock, lambda who: progress.say("lock", f"waiting for {who}")):
        _up(layout, progress)


def _up(layout: Layout, progress: Progress) -> None:
    finish_removal(layout)
    tools = {**toolchain.ensure(NODE_TOOLS, progress), **_way_out(progress)}
    progress.start("node")
    layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.root.chmod(0o700)
    cluster = start.ensure_node(layout, start.configure(layout), tools, progress)
    start.wait_for_first_status(layout)
    patience = Patience(layout, progress)
    patience.begin()
    progress.start("images")
    tools |= toolchain.ensure(IMAGE_TOOLS, progress)
    with RegistryClient(layout, cluster) as registry:
        patience.wait("registry", _NODE_SECONDS, lambda: _registry_trouble(registry))
        references = _push(layout, cluster, tools, registry, progress)
    kube = api.client(layout.kubeconfig)
    patience.wait("node", _NODE_SECONDS, lambda: _node_trouble(layout, cluster, kube))
    progress.done("node", f"{cluster.node_name} is Ready, API at {cluster.api}")
    progress.start("dns")
    api.apply(kube, dns.objects(cluster, references["coredns"], _nameservers(cluster, tools)))
    patience.wait("dns", _DNS_SECONDS, lambda: _dns_trouble(cluster, kube))
    progress.done("dns", f"CoreDNS serves at {cluster.ranges.dns}")
    _write_result(layout, cluster, tools, references)


def _way_out(progress: Progress) -> Mapping[str, Path]:
    """Pods that call services on the Internet need it; a cluster can do without."""
    try:
        return toolchain.ensure([start.EGRESS_TOOL], progress)
    except toolchain.ToolchainError as error:
        progress.start("egress")
        progress.done("egress", f"none, pods cannot call out of this machine: {error}")
        return {}


def _nameservers(cluster: ClusterConfig, tools: Mapping[str, Path]) -> list[str]:
    return [str(cluster.ranges.egress_resolver)] if start.EGRESS_TOOL in tools else []


def _registry_trouble(registry: RegistryClient) -> str | None:
    return None if registry.answers() else "does not answer yet"


def _node_trouble(layout: Layout, cluster: ClusterConfig, kube: Client) -> str | None:
    status = files.read_json(layout.node_status) or {}
    units = status.get("units", {})
    late = [f"{name} ({unit['phase']})" for name, unit in units.items() if unit["phase"] != "ready"]
    if late:
        return f"waiting for {', '.join(late)}"
    return api.node_trouble(kube, cluster.node_name, since=status.get("started", 0.0))


def _dns_trouble(cluster: ClusterConfig, kube: Client) -> str | None:
    trouble = api.deployment_trouble(kube, dns.NAMESPACE, dns.NAME)
    if trouble is None and not dns.answers(cluster.ranges.dns):
        return f"no answer from {cluster.ranges.dns}"
    return trouble


def _push(
    layout: Layout,
    cluster: ClusterConfig,
    tools: Mapping[str, Path],
    registry: RegistryClient,
    progress: Progress,
) -> dict[str, str]:
    """Every image in the registry; name -> full reference."""
    references, news = {}, 0
    for name, recipe in images.pushed(tools, images.versions(tools)).items():
        progress.say("images", f"{recipe.repository}:{recipe.tag}")
        image = oci.make(recipe, layout.images)
        news += registry.push(image, recipe.repository, recipe.tag)
        references[name] = f"{cluster.registry}/{recipe.repository}:{recipe.tag}"
    progress.done("images", f"{len(references)} in {cluster.registry}, {news} of them new")
    return references


def _write_result(
    layout: Layout,
    cluster: ClusterConfig,
    tools: Mapping[str, Path],
    references: Mapping[str, str],
) -> None:
    layout.state.mkdir(exist_ok=True)
    result = {
        "name": cluster.name,
        "kubeconfig": str(layout.kubeconfig),
        "context": cluster.context,
        "api": cluster.api,
        "registry": {
            "address": cluster.registry,
            "ca": str(layout.pki / "ca.crt"),
            "auth_file": str(auth_file(layout)),
            "cert_dir": str(cert_dir(layout, cluster)),
        },
        "gateway": {"url": cluster.gateway_url, "cluster_ip": str(cluster.ranges.gateway)},
        "charts": {"envoy-gateway": str(tools["gateway-chart"])},
        "images": {name: references[name] for name in ("envoy", "envoy-gateway")},
        "state_dir": str(layout.state),
    }
    if files.read_json(layout.result) != result:
        files.write_json(layout.result, result, files.PRIVATE)
