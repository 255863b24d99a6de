"""`status`: what runs, since when, and what is wrong with it."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from lightkube import ApiError

from local.cluster import api, config, files, identity
from local.cluster.config import ClusterConfig
from local.cluster.errors import ClusterError
from local.cluster.layout import Layout
from local.cluster.registry import RegistryClient


def status(layout: Layout) -> dict[str, Any]:
    """The cluster as it is now, as plain data; asks it, and changes nothing."""
    cluster = config.load(layout)
    node = files.read_json(layout.node_status) or {}
    runs = identity.running(layout.pid_file) is not None
    found: dict[str, Any] = {
        "name": layout.name,
        "healthy": False,
        "running": runs,
        "folder": str(layout.root),
        "disk_bytes": {name: _disk(path) for name, path in _parts(layout).items()},
        "components": node.get("units", {}) if runs else {},
        "problems": [],
    }
    if cluster is None or not runs:
        found["problems"] = ["not running; `make up` starts it"]
        return found
    found["addresses"] = {
        "api": cluster.api,
        "registry": cluster.registry,
        "gateway": cluster.gateway_url,
        "gateway_cluster_ip": str(cluster.ranges.gateway),
        "pods": str(cluster.ranges.pods),
        "services": str(cluster.ranges.services),
    }
    found["problems"] = _problems(layout, cluster, found)
    found["healthy"] = not found["problems"]
    return found


def _parts(layout: Layout) -> dict[str, Path]:
    return {"cluster": layout.root, "registry": layout.registry_storage, "images": layout.images}


def _disk(folder: Path) -> int:
    """Bytes that the files below take."""
    total, left = 0, [folder]
    while left:
        try:
            entries = list(left.pop().iterdir())
        except OSError:
            continue
        for entry in entries:
            try:
                stat = entry.lstat()
            except FileNotFoundError:
                continue
            total += stat.st_blocks * 512
            if entry.is_dir() and not entry.is_symlink():
                left.append(entry)
    return total


def _problems(layout: Layout, cluster: ClusterConfig, found: dict[str, Any]) -> list[str]:
    problems = [
        f"{name}: {unit['phase']} ({unit['last_exit'] or 'has not been ready yet'})"
        for name, unit in found["components"].items()
        if unit["phase"] != "ready"
    ]
    problems += [
        f"{name}: does not answer"
        for name, unit in found["components"].items()
        if unit["phase"] == "ready" and unit["failed_probes"]
    ]
    with RegistryClient(layout, cluster) as registry:
        if not registry.answers():
            problems.append(f"registry {cluster.registry}: does not answer")
    try:
        kube = api.client(layout.kubeconfig)
        found["kubernetes"] = api.version(kube, cluster.node_name)
        trouble = api.node_trouble(kube, cluster.node_name)
        problems += [trouble] if trouble else []
        found["pods_not_ready"] = api.pods_not_ready(kube)
    except (ApiError, httpx2.HTTPError, OSError, ClusterError) as error:
        problems.append(f"API server {cluster.api}: {error}")
    return problems + [f"pod {pod}" for pod in found.get("pods_not_ready", [])]


def show(found: dict[str, Any], *, as_json: bool) -> str:
    """For people, or as JSON."""
    if as_json:
        return json.dumps(found, indent=2)
    lines = [f"cluster {found['name']}: {'healthy' if found['healthy'] else 'NOT healthy'}"]
    now = time.time()
    for name, unit in sorted(found["components"].items()):
        age = timedelta(seconds=int(now - unit["since"]))
        again = f", {unit['restarts']} restarts" if unit["restarts"] else ""
        lines.append(f"  {name:<20}{unit['phase']:<10}for {age}{again}")
    for name, address in found.get("addresses", {}).items():
        lines.append(f"  {name:<20}{address}")
    for name, version in found.get("kubernetes", {}).items():
        lines.append(f"  {name:<20}{version}")
    for name, size in found["disk_bytes"].items():
        lines.append(f"  {'disk of ' + name:<20}{size / 1e6:,.0f} MB")
    return "\n".join(lines + [f"  problem: {problem}" for problem in found["problems"]])
