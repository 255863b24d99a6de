"""The resources of Ekiben's own provider: an image that is built, an update that is followed."""

from typing import Any

import pulumi


class Image(pulumi.CustomResource):
    """A model's image in the registry; `ref` names it by digest, unknown until it is built."""

    digest: pulumi.Output[str]
    ref: pulumi.Output[str]

    def __init__(self, name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__("ekiben:index:Image", name, {**inputs, "digest": None, "ref": None}, opts)


class Rollout(pulumi.CustomResource):
    """Waits until a version serves, or fails with the reason why it does not."""

    def __init__(self, name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__("ekiben:index:Rollout", name, inputs, opts)
