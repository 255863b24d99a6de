"""The cluster's door: Envoy Gateway from its chart, one Gateway, and the limits on it.

Every name here is fixed, so that load balancers, forwarders and routes can point at it before it
exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ekiben.spec import GatewaySpec

from . import labels
from .certgen import certgen
from .namespace import namespace
from .routing import GATEWAY, SYSTEM

CHART = "oci://docker.io/envoyproxy/gateway-helm"
VERSION = "v1.9.1"
CONTROLLER_IMAGE = f"docker.io/envoyproxy/gateway:{VERSION}"
PROXY_IMAGE = "docker.io/envoyproxy/envoy:distroless-v1.40.0"
SERVICE = "ekiben-gateway"

_UPSTREAM_IDLE = "4s"
"""Shorter than the 5 s after which BentoML closes an idle connection: a request sent on one that is
just being closed would fail."""

_DRAIN_SECONDS = 60
_END_SECONDS = _DRAIN_SECONDS + 15
"""Envoy Gateway would leave a proxy 360 s to end. Nothing needs them, and Kubernetes waits for half
of them before it looks again whether a namespace is empty."""

Manifest = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class GatewayPlan:
    """The chart with its values, and our own objects by role, in the order they are placed."""

    namespace: Manifest
    certgen: Mapping[str, Manifest]
    chart: str
    version: str
    release: str
    release_namespace: str
    values: Mapping[str, Any]
    objects: Mapping[str, Manifest]


def gateway_plan(
    stack: str, spec: GatewaySpec, mirror: Mapping[str, str], address: str | None
) -> GatewayPlan:
    """`mirror` maps official images, and the chart, to where this cluster takes them from;
    `address` is the Service's address where something outside relies on it."""
    own = labels.stamp(stack)
    controller = mirror.get(CONTROLLER_IMAGE, CONTROLLER_IMAGE)
    proxy = mirror.get(PROXY_IMAGE, PROXY_IMAGE)
    return GatewayPlan(
        namespace=namespace(SYSTEM, own),
        certgen=certgen(SYSTEM, own, controller, VERSION),
        chart=mirror.get(CHART, CHART),
        version=VERSION,
        release="eg",
        release_namespace=SYSTEM,
        values=_values(own, controller),
        objects={
            "proxy": _proxy(own, spec, proxy, address),
            "class": _class(own),
            "gateway": _gateway(own),
            "client": _client_policy(own, spec),
            "backend": _backend_policy(own, spec),
        },
    )


def _values(own: dict[str, str], image: str) -> dict[str, Any]:
    return {
        "commonLabels": {key: own[key] for key in (labels.STACK,)},
        "global": {"images": {"envoyGateway": {"image": image, "pullPolicy": "IfNotPresent"}}},
        "topologyInjector": {"enabled": False},
        # It renders itself only where it is not there yet, so every second run would remove it.
        "crds": {"gatewayAPI": {"safeUpgradePolicy": {"enabled": False}}},
        "deployment": {
            "envoyGateway": {
                "resources": {
                    "requests": {"cpu": "50m", "memory": "128Mi"},
                    "limits": {"memory": "512Mi"},
                }
            }
        },
    }


def _proxy(own: dict[str, str], spec: GatewaySpec, image: str, address: str | None) -> Manifest:
    pinned = _patch({"clusterIP": address}) if address else {}
    pod = {"terminationGracePeriodSeconds": _END_SECONDS}
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyProxy",
        "metadata": labels.metadata(GATEWAY, own, SYSTEM),
        "spec": {
            "provider": {
                "type": "Kubernetes",
                "kubernetes": {
                    "envoyDeployment": {
                        "name": SERVICE,
                        "replicas": spec.replicas,
                        **_patch({"template": {"spec": pod}}),
                        "container": {
                            "image": image,
                            "resources": {
                                "requests": {"cpu": "100m", "memory": "128Mi"},
                                "limits": {"memory": "1Gi"},
                            },
                        },
                    },
                    "envoyService": {"name": SERVICE, "type": "ClusterIP", **pinned},
                    "envoyPDB": {"maxUnavailable": 1},
                },
            },
            "shutdown": {"drainTimeout": f"{_DRAIN_SECONDS}s", "minDrainDuration": "5s"},
        },
    }


def _patch(spec: Manifest) -> Manifest:
    """What Envoy Gateway lays over the object that it makes."""
    return {"patch": {"type": "StrategicMerge", "value": {"spec": spec}}}


def _class(own: dict[str, str]) -> Manifest:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": labels.metadata(GATEWAY, own),
        "spec": {
            "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
            "parametersRef": {
                "group": "gateway.envoyproxy.io",
                "kind": "EnvoyProxy",
                "name": GATEWAY,
                "namespace": SYSTEM,
            },
        },
    }


def _gateway(own: dict[str, str]) -> Manifest:
    """Routes are taken from namespaces of teams only."""
    teams = {"matchExpressions": [{"key": labels.TEAM, "operator": "Exists"}]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": labels.metadata(GATEWAY, own, SYSTEM),
        "spec": {
            "gatewayClassName": GATEWAY,
            "listeners": [
                {
                    "name": "http",
                    "port": 80,
                    "protocol": "HTTP",
                    "allowedRoutes": {"namespaces": {"from": "Selector", "selector": teams}},
                }
            ],
        },
    }


def _target() -> list[dict[str, str]]:
    return [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": GATEWAY}]


def _client_policy(own: dict[str, str], spec: GatewaySpec) -> Manifest:
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "ClientTrafficPolicy",
        "metadata": labels.metadata(GATEWAY, own, SYSTEM),
        "spec": {
            "targetRefs": _target(),
            "connection": {"connectionLimit": {"value": spec.max_connections}},
            "timeout": {
                "http": {
                    "requestReceivedTimeout": spec.request_received_timeout,
                    "requestHeadersReceivedTimeout": spec.request_received_timeout,
                    "idleTimeout": spec.idle_timeout,
                }
            },
        },
    }


def _backend_policy(own: dict[str, str], spec: GatewaySpec) -> Manifest:
    """Only what never reached a model is tried again, so that no work is done twice by accident."""
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "BackendTrafficPolicy",
        "metadata": labels.metadata(GATEWAY, own, SYSTEM),
        "spec": {
            "targetRefs": _target(),
            "requestBuffer": {"limit": spec.max_body},
            "loadBalancer": {"type": "LeastRequest"},
            "timeout": {
                "tcp": {"connectTimeout": "2s"},
                "http": {"connectionIdleTimeout": _UPSTREAM_IDLE},
            },
            "retry": {
                "numRetries": 5,
                "retryOn": {"triggers": ["connect-failure", "refused-stream"]},
                "perRetry": {"backOff": {"baseInterval": "25ms", "maxInterval": "1s"}},
            },
        },
    }
