"""What EKS clusters are made of, pinned by Kubernetes version."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("eks.yaml")


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
    found = yaml.safe_load(_FILE.read_text())
    return {version: EksRelease(**release) for version, release in found.items()}
