"""Where everything that is made for one user lies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def cache_root(environment: Mapping[str, str] = os.environ) -> Path:
    """The cache of this user: `EKIBEN_CACHE`, else `ekiben` in the XDG cache folder."""
    if chosen := environment.get("EKIBEN_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return (Path(base).expanduser() / "ekiben").absolute()
