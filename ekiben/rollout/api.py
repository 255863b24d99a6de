"""The few requests to the API server that Ekiben itself makes, with plain dicts both ways.

lightkube reads kubeconfigs and gives the HTTP client its trust and credentials. Its typed objects
are left alone: they would be turned into dicts at once, and the decoder behind them crashes the
process when several threads meet a type for the first time.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import yaml
from lightkube import ConfigError, KubeConfig, SingleConfig
from lightkube.config.client_adapter import Client as http_client
from lightkube.config.client_adapter import ConnectionParams

from ekiben.rollout.target import RolloutError

FIELD_MANAGER = "ekiben"
TIMEOUT_SECONDS = 10.0
_PATHS = {
    "Deployment": ("apis/apps/v1", "deployments"),
    "ReplicaSet": ("apis/apps/v1", "replicasets"),
    "Pod": ("api/v1", "pods"),
    "Event": ("api/v1", "events"),
    "ConfigMap": ("api/v1", "configmaps"),
}
# lightkube's kubeconfig types are decoded by that decoder too.
_CONFIG_LOCK = threading.Lock()


class ApiFault(Exception):
    """A request that came to nothing: the server's message, or why there was no answer.

    `status` is the HTTP status, None where no usable answer came. `retry_after` is the server's
    own wish in seconds.
    """

    def __init__(self, message: str, status: int | None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Api:
    """An API server; raises ApiFault. Objects that do not exist are None."""

    http: httpx2.Client

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """One object."""
        response = self._send("GET", _path(kind, namespace, name), missing_is_fine=True)
        return None if response is None else _parsed(response)

    def find(self, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
        """The object that is where a manifest, of whatever kind, would be placed."""
        response = self._send("GET", _place(manifest), missing_is_fine=True)
        return None if response is None else _parsed(response)

    def items(
        self, kind: str, namespace: str, *, labels: str = "", fields: str = ""
    ) -> list[dict[str, Any]]:
        """The objects that fit the selectors."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        given = {key: value for key, value in query.items() if value}
        response = self._send("GET", _path(kind, namespace), params=given)
        found: list[dict[str, Any]] = _parsed(response)["items"]
        return found

    def logs(
        self, namespace: str, pod: str, *, container: str, previous: bool, lines: int
    ) -> list[str]:
        """The last log lines of a container's present instance, or of the one before."""
        query = {
            "container": container,
            "previous": str(previous).lower(),
            "tailLines": str(lines),
        }
        path = f"{_path('Pod', namespace, pod)}/log"
        response = self._send("GET", path, params=query)
        return str(response.text).splitlines()[-lines:]

    def create(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object."""
        path = _path(obj["kind"], obj["metadata"]["namespace"])
        query = {"fieldManager": FIELD_MANAGER}
        return _parsed(self._send("POST", path, params=query, json=obj))

    def apply(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        """Server-side apply, taking over fields that others have set."""
        path = _path(obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        return _parsed(self._send("PATCH", path, params=query, json=obj, headers=headers))

    def _send(self, method: str, path: str, *, missing_is_fine: bool = False, **more: Any) -> Any:
        try:
            response = self.http.request(method, path, **more)
        except httpx2.HTTPError as error:
            raise ApiFault(str(error) or type(error).__name__, None) from error
        if missing_is_fine and response.status_code == 404:
            return None
        if not response.is_success:
            raise _refused(response)
        return response


@contextmanager
def connect(kubeconfig: str, context: str = "") -> Iterator[Api]:
    """An API server from a kubeconfig's path or content; raises RolloutError where it is wrong."""
    try:
        http = _client(kubeconfig, context)
    except (ConfigError, KeyError, TypeError, ValueError, OSError, yaml.YAMLError) as error:
        given = "the kubeconfig given as text" if _is_content(kubeconfig) else kubeconfig
        named = f", context {context}" if context else ""
        raise RolloutError(
            f"cannot use {given}{named}: {error or type(error).__name__}. Expected a kubeconfig "
            "with a server and credentials for it."
        ) from error
    with http:
        yield Api(http)


def _client(kubeconfig: str, context: str) -> httpx2.Client:
    with _CONFIG_LOCK:
        config = _load(kubeconfig, context)
    params = ConnectionParams(
        timeout=httpx2.Timeout(TIMEOUT_SECONDS),
        trust_env=not _is_loopback(config.cluster.server or ""),
    )
    return http_client(config, params)


def _load(kubeconfig: str, context: str) -> SingleConfig:
    if _is_content(kubeconfig):
        parsed: Any = yaml.safe_load(kubeconfig)
        if not isinstance(parsed, dict):
            raise ValueError("it is not a mapping")
        everything = KubeConfig.from_dict(parsed)
    else:
        everything = KubeConfig.from_file(Path(kubeconfig).expanduser())
    config = everything.get(context or None)
    if config is None or config.user is None:
        raise ConfigError("the context names no user")
    return config


def _is_content(kubeconfig: str) -> bool:
    return "\n" in kubeconfig or kubeconfig.lstrip().startswith("{")


def _is_loopback(server: str) -> bool:
    """A server on this machine is never reached through the environment's proxy."""
    host = urlsplit(server).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _path(kind: str, namespace: str, name: str = "") -> str:
    group, plural = _PATHS[kind]
    path = f"/{group}/namespaces/{namespace}/{plural}"
    return f"{path}/{name}" if name else path


def _place(manifest: Mapping[str, Any]) -> str:
    version, metadata = manifest["apiVersion"], manifest["metadata"]
    group = f"apis/{version}" if "/" in version else f"api/{version}"
    inside = f"namespaces/{metadata['namespace']}/" if "namespace" in metadata else ""
    return f"/{group}/{inside}{_plural(manifest['kind'])}/{metadata['name']}"


def _plural(kind: str) -> str:
    """The plural under which Kubernetes serves a kind, as its own tools guess it."""
    name = kind.lower()
    if name.endswith("y") and name[-2] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x")) else f"{name}s"


def _parsed(response: httpx2.Response) -> dict[str, Any]:
    try:
        parsed = response.json()
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        kind = response.headers.get("Content-Type", "nothing of a known type")
        raise ApiFault(f"expected an object as JSON, got {kind}", None)
    return parsed


def _refused(response: httpx2.Response) -> ApiFault:
    try:
        said = response.json()["message"]
    except (ValueError, KeyError, TypeError):
        said = f"HTTP {response.status_code} {response.reason_phrase}"
    wish = response.headers.get("Retry-After", "")
    after = float(wish) if wish.isdigit() else None
    return ApiFault(str(said), response.status_code, after)
