"""What EKS clusters are made of, pinned by Kubernetes version."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("eks.yaml")
_DAEMONS = "daemons"


@dataclass(frozen=True, kw_only=True)
class EksRelease:
    """What one Kubernetes version goes with."""

    image: str
    """Release of AWS's machine images, which Karpenter starts nodes from."""

    addons: Mapping[str, str]
    """Build of each add-on that EKS keeps, by its name there."""


@cache
def eks_releases() -> Mapping[str, EksRelease]:
    """By Kubernetes version, oldest first."""
    return {version: EksRelease(**each) for version, each in _read().items() if version != _DAEMONS}


@cache
def daemons() -> Mapping[str, Mapping[str, str]]:
    """What the pod of an add-on asks for on every node: `cpu` and `memory` in Kubernetes' words."""
    found: Mapping[str, Mapping[str, str]] = _read()[_DAEMONS]
    return found


@cache
def _read() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(_FILE.read_text())
    return found
