"""What this machine must have before the engine can run, and the environment it runs in."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ekiben.spec import LocalCluster, StackSpec
from local.cluster import lock
from local.cluster.errors import ClusterError
from local.cluster.layout import Layout
from local.cluster.up import up as start_cluster
from local.toolchain import ToolchainError, ensure
from local.toolchain.progress import shown

from .failure import Failure

TOOLS = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-resource-kubernetes",
    "buildah",
    "skopeo",
    "mmdebstrap",
    "kubectl",
)


def prepare(spec: StackSpec) -> dict[str, str]:
    """Gets the tools, starts the local cluster where the stack names it; gives the environment.

    Shows progress on stderr. Raises Failure.
    """
    try:
        with shown(sys.stderr) as progress:
            tools = ensure(TOOLS, progress)
            if isinstance(spec.cluster, LocalCluster):
                layout = Layout.of_user(spec.cluster.name)
                start_cluster(layout, progress)
                layout.state.mkdir(exist_ok=True, mode=0o700)
    except (ToolchainError, ClusterError) as error:
        raise Failure(str(error)) from None
    return {**os.environ, **environment(spec, tools)}


@contextmanager
def in_use(spec: StackSpec) -> Iterator[None]:
    """Keeps the local cluster from being ended meanwhile. Raises Failure where it just was."""
    if not isinstance(spec.cluster, LocalCluster):
        yield
        return
    path = Layout.of_user(spec.cluster.name).use_lock
    try:
        with lock.held(path, lambda who: print(f"waiting for {who}"), shared=True):
            yield
    except FileNotFoundError as error:
        if error.filename != str(path):
            raise
        raise Failure(
            f"the local cluster {spec.cluster.name!r} was ended meanwhile; run `make up` again"
        ) from None


def environment(spec: StackSpec, tools: Mapping[str, Path]) -> dict[str, str]:
    """The variables under which `pulumi` and `kubectl` find everything of this stack.

    A local stack keeps its state beside its cluster, and both go together. It holds no secret, so
    its passphrase is empty, unless one is set.
    """
    folders = [Path(sys.executable).parent, *(path.parent for path in tools.values())]
    path = os.pathsep.join([*dict.fromkeys(map(str, folders)), os.environ.get("PATH", "")])
    found = {"PATH": path, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    if isinstance(spec.cluster, LocalCluster):
        layout = Layout.of_user(spec.cluster.name)
        found |= {
            "PULUMI_BACKEND_URL": f"file://{layout.state}",
            "PULUMI_HOME": str(layout.cache / "pulumi"),
            "PULUMI_CONFIG_PASSPHRASE": os.environ.get("PULUMI_CONFIG_PASSPHRASE", ""),
            "KUBECONFIG": str(layout.kubeconfig),
            **_past_the_proxy(layout),
        }
    return found


def _past_the_proxy(layout: Layout) -> dict[str, str]:
    """Keeps a proxy of the environment out of the way to the cluster's own addresses."""
    if not layout.result.is_file():
        return {}
    registry = json.loads(layout.result.read_text())["registry"]["address"]
    ours = ["localhost", "127.0.0.1", registry.partition(":")[0]]
    names = ("NO_PROXY", "no_proxy")
    return {n: ",".join(filter(None, [os.environ.get(n, ""), *ours])) for n in names}
