"""An object made by others is refused, not taken over.

Server-side apply lets an interrupted update find what it had already placed, but it would also
lay hands on a namesake that belongs to someone else. So before the engine creates an object, the
cluster is asked whether one is there without this stack's stamp.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import (
    create_global_resource,
    create_namespaced_resource,
    get_generic_resource,
)

_STAMP = ("app.kubernetes.io/managed-by", "ekiben.dev/stack")


class Ownership:
    """The question, bound to a cluster; `hooks` go into the options of every placed object."""

    def __init__(self, kubeconfig: str, context: str | None) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._client: Client | None = None
        self.hooks = pulumi.ResourceHookBinding(
            before_create=[pulumi.ResourceHook("refuse-foreign-object", self._refuse_foreign)]
        )

    def _refuse_foreign(self, args: pulumi.ResourceHookArgs) -> None:
        manifest = args.new_inputs or {}
        found = self._find(manifest)
        reason = foreign(manifest, found) if found else None
        if reason:
            name = f"{manifest['metadata'].get('namespace', '')}/{manifest['metadata']['name']}"
            command = f"pulumi import {args.type} {args.name} {name.lstrip('/')}"
            raise RuntimeError(
                f"{manifest['kind']} {name.lstrip('/')} exists already and {reason}."
                f" Nothing was changed. Rename yours, remove that one, or adopt it: {command}"
            )

    def _find(self, manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
        metadata = manifest["metadata"]
        try:
            if self._client is None:
                self._client = Client(config=self._config(), trust_env=False)
            kind = _kind(manifest)
            return dict(
                self._client.get(kind, metadata["name"], namespace=metadata.get("namespace"))
            )
        except ApiError as error:
            if error.status.code == 404:
                return None
            raise

    def _config(self) -> Any:
        config = KubeConfig.from_file(Path(self._kubeconfig).expanduser())
        return config.get(context_name=self._context)


def foreign(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """Why `found` is not ours, or None where it carries the stamp of `wanted`."""
    wanted_labels = wanted["metadata"].get("labels", {})
    labels = (found.get("metadata") or {}).get("labels") or {}
    if all(labels.get(key) == wanted_labels.get(key) for key in _STAMP):
        return None
    other = labels.get("ekiben.dev/stack")
    if other:
        return f"belongs to the stack {other!r}"
    manager = labels.get("app.kubernetes.io/managed-by")
    return f"is managed by {manager!r}" if manager else "was not made by Ekiben"


def _kind(manifest: Mapping[str, Any]) -> Any:
    """The client's class for a manifest's kind; it keeps one for each kind and refuses a second."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    known = get_generic_resource(version, kind)  # type: ignore[no-untyped-call]
    if known:
        return known
    group, _, name = version.rpartition("/")
    namespaced = "namespace" in manifest["metadata"]
    make = create_namespaced_resource if namespaced else create_global_resource
    return make(group, name, kind, _plural(kind))


def _plural(kind: str) -> str:
    """The plural under which Kubernetes serves a kind, as its own tools guess it."""
    name = kind.lower()
    if name.endswith("y") and name[-2] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x")) else f"{name}s"
