"""Plans as a person reads them. `EKIBEN_GOLDEN=write pytest tests/plan` writes them anew."""

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ekiben.plan import build
from ekiben.plan.gateway import CHART, CONTROLLER_IMAGE, PROXY_IMAGE, gateway_plan
from ekiben.spec import GatewaySpec
from tests.plan.specs import planned, stack

GOLDEN = Path(__file__).parent / "golden"

EVERYTHING = {
    "kind": "realtime",
    "compute": {"cpu": 1.5, "memory": "1.5Gi", "gpu": 2},
    "endpoint": "/v2/sentiment",
    "env": {"WORKERS": 2, "LOG_LEVEL": "debug"},
    "secrets": {"TOKEN": "vision/token", "KEY": "vision-tls/key.pem"},
    "scaling": {"min_replicas": 2, "max_replicas": 40},
    "update": {
        "max_surge": "25%",
        "max_unavailable": 1,
        "min_ready": "0s",
        "deadline": "15m",
        "termination_grace_period": "2m",
    },
    "timeout": "1m30s",
    "smoke": "import",
}
GATEWAY = {
    "max_body": "100Mi",
    "max_connections": 500,
    "request_received_timeout": "10s",
    "idle_timeout": "1h",
    "replicas": 3,
}
MIRROR = {
    CHART: "/cache/gateway-helm.tgz",
    CONTROLLER_IMAGE: "registry.local/envoyproxy/gateway:v1",
    PROXY_IMAGE: "registry.local/envoyproxy/envoy:v1",
}

PLANS: dict[str, Callable[[], dict[str, Any]]] = {
    "smallest-model": lambda: asdict(planned({})),
    "everything-set": lambda: asdict(planned(EVERYTHING, name="sentiment")),
    "gateway": lambda: asdict(gateway_plan("dev", GatewaySpec(), {}, None)),
    "gateway-everything-set": lambda: asdict(
        gateway_plan("dev", GatewaySpec.model_validate(GATEWAY), MIRROR, "10.96.0.80")
    ),
    "stack-of-a-team": lambda: build(
        stack({"iris": {}}, name="vision-prod", platform="prod")
    ).plain(),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_plan_is_as_written_down(name: str) -> None:
    file = GOLDEN / f"{name}.yaml"
    text = yaml.safe_dump(PLANS[name](), sort_keys=False, width=100)
    if os.environ.get("EKIBEN_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text)
    assert file.is_file(), "no golden yet; run make goldens and read what it writes"
    assert text == file.read_text()


def test_every_golden_belongs_to_a_plan() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(PLANS)
