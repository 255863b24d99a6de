"""`python -m local up|down|status`: the cluster of this machine."""

from __future__ import annotations

from local.cluster.cli import main

main()
