"""From a manifest to a resource: the one adapter between plain dicts and the kubernetes provider.

Manifests are registered untyped: the typed classes cost two and a half times as much per resource
and add nothing to a dict that is complete already.
"""

from typing import Any

import pulumi

from .ownership import Ownership

# A field of ours that somebody edited by hand is taken back.
_TAKE_BACK = {"pulumi.com/patchForce": "true"}
# Rollout waits instead, and says why when it fails.
_DO_NOT_WAIT = {"pulumi.com/skipAwait": "true"}

_KEPT = {
    # A Service that was adopted keeps its address; to give it up, it would have to be replaced.
    "Service": ["spec.clusterIP", "spec.clusterIPs"],
}


def place(
    name: str,
    manifest: dict[str, Any],
    ownership: Ownership,
    opts: pulumi.ResourceOptions,
    *,
    wait: bool = False,
) -> pulumi.CustomResource:
    """Registers `manifest` as the resource `name`; an object of someone else's is refused.

    With `wait` the provider waits until the object is ready, or is gone with all that is in it.
    """
    annotations = _TAKE_BACK if wait else {**_TAKE_BACK, **_DO_NOT_WAIT}
    assert opts.parent is not None, "every object belongs to a component"
    metadata = manifest["metadata"]
    stamped = {**metadata, "annotations": {**metadata.get("annotations", {}), **annotations}}
    own = pulumi.ResourceOptions(
        hooks=ownership.hooks(name, opts.parent), ignore_changes=_KEPT.get(manifest["kind"])
    )
    return pulumi.CustomResource(
        kind_token(manifest),
        name,
        {**manifest, "metadata": stamped},
        pulumi.ResourceOptions.merge(opts, own),
    )


def kind_token(manifest: dict[str, Any]) -> str:
    """The provider's token of a manifest's kind: `kubernetes:apps/v1:Deployment`."""
    version = manifest["apiVersion"]
    group = version if "/" in version else f"core/{version}"
    return f"kubernetes:{group}:{manifest['kind']}"
