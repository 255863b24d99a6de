"""Kubernetes versions and add-on builds that the fake offers.

Nobody can ask AWS here. Dates are those of https://endoflife.date/amazon-eks (2026-02) where it has
them, else the rule that it follows: 14 months of standard support, then 12 of extended. Builds are
those that our catalogue pins (EKS's defaults), and older ones that others recorded, so that there
is something to upgrade from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from ekiben.catalog.eks import eks_releases
from tests.aws.wire import Document

_FILE = Path(__file__).with_name("table.yaml")


@dataclass(frozen=True)
class Version:
    """A Kubernetes version as EKS offers it."""

    name: str
    patch: str
    platform: str
    ami_release: str
    status: str
    default: bool
    dates: tuple[datetime, datetime, datetime]
    """Release, end of standard support, end of extended support."""

    def described(self) -> Document:
        released, standard, extended = self.dates
        return {
            "clusterVersion": self.name,
            "clusterType": "eks",
            "defaultPlatformVersion": self.platform,
            "defaultVersion": self.default,
            "releaseDate": released,
            "endOfStandardSupportDate": standard,
            "endOfExtendedSupportDate": extended,
            "status": self.status.lower().replace("_", "-"),
            "versionStatus": self.status,
            "kubernetesPatchVersion": self.patch,
        }


@dataclass(frozen=True)
class Addon:
    """An add-on that EKS keeps."""

    name: str
    type: str
    namespace: str
    versions: Mapping[str, list[str]]
    """Builds by Kubernetes version, newest first."""

    needs_nodes: bool
    """Whether it is unhealthy without a node: its pods belong to a Deployment."""

    service_accounts: Mapping[str, list[str]]
    """Managed policies that EKS recommends, by service account."""

    schema: Mapping[str, Any]
    """What its configuration values may be, as far as it is known: a JSON schema."""

    def default(self, kubernetes: str) -> str:
        pinned = eks_releases().get(kubernetes)
        builds = self.versions.get(kubernetes, [""])
        return pinned.addons.get(self.name, builds[0]) if pinned else builds[0]


def _date(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _version(name: str, row: Mapping[str, Any]) -> Version:
    first, second, third = (_date(text) for text in row["dates"])
    return Version(
        name=name,
        patch=row["patch"],
        platform=row["platform"],
        ami_release=f"{row['patch']}-{row['ami']}",
        status=row["status"],
        default=row.get("default", False),
        dates=(first, second, third),
    )


def _addon(name: str, row: Mapping[str, Any]) -> Addon:
    recorded = row.get("versions", {})
    pinned = {
        version: [release.addons[name]]
        for version, release in eks_releases().items()
        if name in release.addons
    }
    both = {
        version: list(dict.fromkeys([*pinned.get(version, []), *recorded.get(version, [])]))
        for version in VERSIONS
    }
    return Addon(
        name=name,
        type=row["type"],
        namespace=row.get("namespace", "kube-system"),
        versions={version: builds for version, builds in both.items() if builds},
        needs_nodes=row.get("needs_nodes", False),
        service_accounts=row.get("service_accounts", {}),
        schema={"type": "object", "properties": row.get("values", {})},
    )


_TABLE = yaml.safe_load(_FILE.read_text())
VERSIONS = {name: _version(name, row) for name, row in _TABLE["versions"].items()}
DEFAULT_VERSION = next(name for name, version in VERSIONS.items() if version.default)
ADDONS = {name: _addon(name, row) for name, row in _TABLE["addons"].items()}
