"""`clean`: the cache goes, with everything that was built or fetched for this user."""

from __future__ import annotations

import shutil
from pathlib import Path

from local.cluster.errors import ClusterError


def clean(cache: Path) -> None:
    """Remove the cache. A cluster runs out of its folders, so one that is there forbids it."""
    clusters = cache / "clusters"
    kept = sorted(path.parent.name for path in clusters.glob("*/config.json"))
    if kept:
        commands = "; ".join(f"make down CLUSTER={name}" for name in kept)
        raise ClusterError(
            f"{cache} holds the clusters {', '.join(kept)}; end them first: {commands}"
        )
    shutil.rmtree(cache, ignore_errors=True)
