"""The pod of a model: what runs, what it may use, how it is asked whether it is well.

It passes the *restricted* Pod Security Standard
(https://kubernetes.io/docs/concepts/security/pod-security-standards/).
"""

from fractions import Fraction
from typing import Any

from ekiben.spec import ModelSpec
from ekiben.spec.fit import gpu_shares
from ekiben.spec.model import Compute
from ekiben.spec.values import millicores, whole_seconds

from .placement import DEVICES, SHARED_GPU

PORT = 3000
"""Where BentoML serves the API, its probes and its metrics."""

USER = 1034
"""User and group of the service inside the image."""

SECRETS = "/run/secrets/ekiben"
VERSIONS = "/etc/ekiben/versions"
SERVICE_ACCOUNT = "models"

DRAIN_SECONDS = 5
"""How long a replica serves on after it was told to stop, until every proxy has heard of it."""


def pod(name: str, spec: ModelSpec, image: Any, shares: int | None = None) -> dict[str, Any]:
    """The pod's spec, without what depends on its version; `image` is placed, never read.

    `shares` says into how many parts the GPUs are cut that it gets a part of.
    """
    update = spec.update
    return {
        "serviceAccountName": SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": DRAIN_SECONDS
        + whole_seconds(update.termination_grace_period),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(spec, image, shares)],
        "volumes": _volumes(name, spec),
    }


def _container(spec: ModelSpec, image: Any, shares: int | None) -> dict[str, Any]:
    return {
        "name": "model",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": PORT}],
        "env": [{"name": name, "value": value} for name, value in sorted(_env(spec).items())],
        "resources": _resources(spec, shares),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **_probes(spec),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _mounts(spec),
    }


def _literal(value: str) -> str:
    """Kubernetes puts other variables in place of `$(NAME)` and `$` in place of `$$`; people who
    write a password expect it as they wrote it."""
    return value.replace("$", "$$")


def _env(spec: ModelSpec) -> dict[str, str]:
    """The model's own variables over what suits most; Ekiben's own over both."""
    return {
        # Numerical libraries start a thread for each core of the node, whatever was requested.
        "OMP_NUM_THREADS": str(-(-millicores(spec.compute.cpu) // 1000)),
        # onnxruntime reports to its maker unless told not to.
        "ORT_DISABLE_TELEMETRY": "1",
        **{name: _literal(value) for name, value in spec.env.items()},
        "BENTOML_HOME": "/tmp/bentoml",
        "EKIBEN_MIN_READY": str(whole_seconds(spec.update.min_ready)),
    }


def _resources(spec: ModelSpec, shares: int | None) -> dict[str, Any]:
    """CPU is requested only, so that a replica may use what is idle; memory is a hard bound."""
    compute = spec.compute
    devices = _devices(compute, shares)
    return {
        "requests": {"cpu": compute.cpu, "memory": compute.memory, **devices},
        "limits": {"memory": compute.memory, **devices},
    }


def _devices(compute: Compute, shares: int | None) -> dict[str, str]:
    if compute.neuron:
        return {DEVICES["neuron"]: str(compute.neuron)}
    if isinstance(compute.gpu, float):
        part = Fraction(str(compute.gpu))
        return {SHARED_GPU: str(gpu_shares(part, shares) if shares else compute.gpu)}
    return {DEVICES["nvidia"]: str(compute.gpu)} if compute.gpu else {}


def _probes(spec: ModelSpec) -> dict[str, Any]:
    """Start-up may take as long as the update may; afterwards a minute of silence is a restart.

    Liveness asks much less often than readiness: a replica under load is taken out of traffic
    long before it is ended.
    """
    alive = {"httpGet": {"path": "/livez", "port": "http"}, "timeoutSeconds": 5}
    ready = {"httpGet": {"path": "/readyz", "port": "http"}, "timeoutSeconds": 5}
    patience = whole_seconds(spec.update.deadline)
    return {
        "startupProbe": {**alive, "periodSeconds": 1, "failureThreshold": patience},
        "readinessProbe": {**ready, "periodSeconds": 2, "failureThreshold": 3},
        "livenessProbe": {**alive, "periodSeconds": 10, "failureThreshold": 6},
    }


def _mounts(spec: ModelSpec) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = [
        {"name": "tmp", "mountPath": "/tmp"},
        {"name": "versions", "mountPath": VERSIONS, "readOnly": True},
    ]
    if spec.secrets:
        mounts.append({"name": "secrets", "mountPath": SECRETS, "readOnly": True})
    return mounts


def _volumes(name: str, spec: ModelSpec) -> list[dict[str, Any]]:
    volumes: list[dict[str, Any]] = [
        {"name": "tmp", "emptyDir": {}},
        {"name": "versions", "configMap": {"name": versions_name(name), "optional": True}},
    ]
    if spec.secrets:
        sources = [_secret_source(file, ref) for file, ref in sorted(spec.secrets.items())]
        volumes.append({"name": "secrets", "projected": {"defaultMode": 0o440, "sources": sources}})
    return volumes


def _secret_source(file: str, reference: str) -> dict[str, Any]:
    secret, key = reference.split("/", 1)
    return {"secret": {"name": secret, "items": [{"key": key, "path": file}]}}


def versions_name(model: str) -> str:
    """The ConfigMap that records which versions of a model have been ready."""
    return f"{model}-versions"
