"""How requests reach a model: one route, whose prefix is taken off before the model sees it."""

from typing import Any

from ekiben.spec import Model, route
from ekiben.spec.values import whole_seconds

from . import labels

GATEWAY = "ekiben"
SYSTEM = "ekiben-system"
"""Namespace of the gateway and everything else that all teams share."""


def http_route(stack: str, team: str, model: Model) -> dict[str, Any]:
    """Everything under the model's path, its API page and probes among it."""
    path = route(team, model.name, model.spec.endpoint)
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": labels.metadata(model.name, labels.of_model(stack, team, model.name), team),
        "spec": {
            "parentRefs": [{"name": GATEWAY, "namespace": SYSTEM}],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": path}}],
                    "filters": [
                        {
                            "type": "URLRewrite",
                            "urlRewrite": {
                                "path": {
                                    "type": "ReplacePrefixMatch",
                                    "replacePrefixMatch": "/",
                                }
                            },
                        }
                    ],
                    "backendRefs": [{"name": model.name, "port": 80}],
                    "timeouts": {"request": f"{whole_seconds(model.spec.timeout)}s"},
                }
            ],
        },
    }
