"""The record of a model's versions: a ConfigMap `<model>-versions`, one key a version.

It lives in the cluster and outlives Deployments and stacks. A version is in it from the moment
its first replica was ready (`readyAt` null: proven, so its further pods need no soak) and is
complete, with `readyAt`, when its update is done.
"""

import json
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ekiben.rollout.api import FIELD_MANAGER, Api, ApiFault
from ekiben.rollout.target import RolloutError, Target

KEPT = 50
# A ConfigMap holds 1 MiB in all; the rest is for its names and managed fields.
_BYTES = 900_000
_ATTEMPTS = 20
# Sorts after every date: an update that is under way is the newest there is.
_PENDING = "~"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_STAMP = (
    _MANAGED_BY,
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "ekiben.dev/stack",
)


def entry(target: Target, ready_at: datetime | None) -> str:
    """What is written down of a version, as JSON text."""
    facts = {
        "version": target.version,
        "imageId": target.image_id,
        "image": target.image,
        "spec": json.loads(target.spec),
        "readyAt": ready_at.strftime("%Y-%m-%dT%H:%M:%SZ") if ready_at else None,
        "by": target.by,
    }
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def pruned(data: Mapping[str, str], keep: str) -> dict[str, str]:
    """The newest of the entries, at most `KEPT` and within a ConfigMap's size, always `keep`."""
    newest = sorted(data, key=lambda version: (version == keep, _ready_at(data[version])))[::-1]
    kept: dict[str, str] = {}
    size = 0
    for version in newest[:KEPT]:
        size += len(version) + len(data[version].encode())
        if kept and size > _BYTES:
            break
        kept[version] = data[version]
    return kept


def is_complete(text: str) -> bool:
    """Whether an entry's update came to its end."""
    return _ready_at(text) not in ("", _PENDING)


def _ready_at(text: str) -> str:
    try:
        facts = json.loads(text)
    except ValueError:
        return ""
    return str(facts.get("readyAt") or _PENDING) if isinstance(facts, dict) else ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """The record of one model, for one target."""

    api: Api
    target: Target
    cancelled: threading.Event

    @property
    def name(self) -> str:
        """The ConfigMap's name."""
        return f"{self.target.model}-versions"

    def check(self) -> None:
        """Refuse a ConfigMap of that name that somebody else made."""
        self._read()

    def prove(self, labels: Mapping[str, str]) -> None:
        """Note that the version has been ready once, unless that is known already."""
        self._write(labels, only_new=True, text=entry(self.target, None))

    def complete(self, labels: Mapping[str, str]) -> None:
        """Note that the version is rolled out."""
        self._write(labels, only_new=False, text=entry(self.target, datetime.now(UTC)))

    def withdraw(self) -> None:
        """Take back a proof that came to nothing, so that the version has to soak again."""
        found = self._read()
        data = dict((found or {}).get("data") or {})
        if found and self.target.version in data and not is_complete(data[self.target.version]):
            del data[self.target.version]
            self._apply(found, data)

    def _write(self, labels: Mapping[str, str], *, only_new: bool, text: str) -> None:
        version = self.target.version
        for attempt in range(_ATTEMPTS):
            found = self._read() or self._create(labels)
            data = dict((found or {}).get("data") or {})
            if only_new and version in data:
                return
            data[version] = text
            if found and self._apply(found, pruned(data, version)):
                return
            # Another writer came between; never in step with it again.
            self.cancelled.wait(random.uniform(0.02, 0.1) * (attempt + 1))
        raise RolloutError(
            f"model {self.target.model}: ConfigMap {self.name} in namespace "
            f"{self.target.namespace} is being changed by others all the time; gave up writing "
            f"down version {version} after {_ATTEMPTS} attempts. Run `pulumi up` again."
        )

    def _read(self) -> dict[str, Any] | None:
        found = self.api.get("ConfigMap", self.target.namespace, self.name)
        labels = (found or {"metadata": {}})["metadata"].get("labels") or {}
        if found and labels.get(_MANAGED_BY) != FIELD_MANAGER:
            raise RolloutError(
                f"model {self.target.model}: ConfigMap {self.name} in namespace "
                f"{self.target.namespace} exists and was not made by Ekiben (it lacks the label "
                f"{_MANAGED_BY}: {FIELD_MANAGER}). Its name is needed for the record of versions: "
                "rename or delete it, or give the model another name."
            )
        return found

    def _create(self, labels: Mapping[str, str]) -> dict[str, Any] | None:
        """An empty record. Not by apply: two writers that apply would each drop the other's."""
        stamp = {key: labels[key] for key in _STAMP if key in labels}
        try:
            return self.api.create(self._config_map(labels=stamp | {_MANAGED_BY: FIELD_MANAGER}))
        except ApiFault as fault:
            if fault.status == 409:
                return None
            raise

    def _apply(self, found: Mapping[str, Any], data: dict[str, str]) -> bool:
        """Put `data` in its place by server-side apply; False if the record changed meanwhile."""
        version = found["metadata"]["resourceVersion"]
        try:
            self.api.apply({**self._config_map(resourceVersion=version), "data": data})
        except ApiFault as fault:
            if fault.status in (404, 409):
                return False
            raise
        return True

    def _config_map(self, **metadata: Any) -> dict[str, Any]:
        names = {"name": self.name, "namespace": self.target.namespace}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": names | metadata}


def stamp_of(deployment: Mapping[str, Any]) -> dict[str, str]:
    """The labels that say whose an object is, as the Deployment has them."""
    return dict(deployment["metadata"].get("labels") or {})
