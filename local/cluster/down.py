"""`down`: nothing of a cluster is left but what the next one can use again."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, suppress
from pathlib import Path

from local.cluster import lock, stop
from local.cluster.layout import Layout
from local.toolchain import Progress


def down(layout: Layout, progress: Progress) -> None:
    """End the cluster and remove it; tools, images and the registry's storage stay."""
    if not layout.clusters.is_dir():
        return

    def waiting(who: str) -> None:
        progress.say("lock", f"waiting for {who}")

    with ExitStack() as locks:
        locks.enter_context(lock.held(layout.lock, waiting))
        if layout.root.is_dir():
            # An engine that goes on without its cluster would write the state of the old one
            # into the folder of the next.
            locks.enter_context(lock.held(layout.use_lock, waiting))
        progress.start("node")
        progress.say("node", "ending pods, then components")
        ran = stop.stop_node(layout)
        progress.done("node", "ended" if ran else "did not run")
        progress.start("files")
        _begin_removal(layout)
        finish_removal(layout)
        progress.done("files", f"removed {layout.root}")
        layout.lock.unlink()
    with suppress(OSError):
        layout.clusters.rmdir()


def _doomed(layout: Layout) -> Path:
    return layout.clusters / f".{layout.name}.removed"


def _begin_removal(layout: Layout) -> None:
    """In one step, so that no half of a cluster is ever taken for one."""
    finish_removal(layout)
    with suppress(FileNotFoundError):
        layout.root.rename(_doomed(layout))


def finish_removal(layout: Layout) -> None:
    """What an interrupted `down` has begun."""
    doomed = _doomed(layout)
    if doomed.exists():
        shutil.rmtree(doomed)
