"""What to follow, and the error that says why it did not become ready."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Target:
    """One Deployment on its way to one version.

    `deadline_seconds` is how long the update may go without another replica becoming ready.
    `spec` is the canonical JSON text of the pod-shaping spec and, like `image_id` and `by`, only
    kept in the record of versions.
    """

    model: str
    namespace: str
    deployment: str
    version: str
    image: str
    deadline_seconds: float
    spec: str = "{}"
    image_id: str = ""
    by: str = ""


class RolloutError(Exception):
    """A roll-out that did not come to its end; the text is complete and for the user."""


class RolloutCancelled(RolloutError):
    """The user stopped waiting; the cluster goes on by itself."""
