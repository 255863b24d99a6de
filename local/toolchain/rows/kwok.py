"""KWOK: nodes and pods without machines, for tests of clusters that are elsewhere."""

from __future__ import annotations

from local.toolchain.recipe import Copy, GoBuild, GoModule, Tool

KWOK = "0.8.0"
MODULE = "sigs.k8s.io/kwok"

CONTROLLER = Tool(
    "kwok",
    {"kwok": "bin/kwok", "kwok-stages": "stages"},
    (
        GoBuild(
            KWOK,
            (
                GoModule(
                    "kwok",
                    (f"{MODULE}/cmd/kwok",),
                    # What becomes of a node and of a pod, and when.
                    files=(
                        Copy(MODULE, "kustomize/stage/node/fast", ("*.yaml",), "stages/node-fast"),
                        Copy(
                            MODULE,
                            "kustomize/stage/node/heartbeat-with-lease",
                            ("*.yaml",),
                            "stages/node-heartbeat-with-lease",
                        ),
                        Copy(MODULE, "kustomize/stage/pod/fast", ("*.yaml",), "stages/pod-fast"),
                    ),
                ),
            ),
        ),
    ),
    for_tests=True,
)
