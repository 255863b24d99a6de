"""`ekiben:index:Rollout`: an update followed until the new version is ready, or why it is not."""

import getpass
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue

from provider.inputs import DNS, Field, is_duration, is_json_object, text
from provider.refusal import Refusal

FIELDS = {
    "kubeconfig": Field(expected="a kubeconfig: its path, or its content", fits=text()),
    "context": Field(expected="a context of the kubeconfig", fits=text(), required=False),
    "namespace": Field(expected="a namespace's name", fits=text(DNS)),
    "model": Field(expected="a model's name", fits=text(DNS)),
    "deployment": Field(expected="a Deployment's name", fits=text(DNS)),
    "version": Field(expected="8 hexadecimal characters", fits=text(r"[0-9a-f]{8}")),
    "image": Field(
        expected="an image by digest: repository@sha256:...",
        fits=text(r"[^\s@]+@sha256:[0-9a-f]{64}"),
    ),
    "imageId": Field(
        expected="16 hexadecimal characters", fits=text(r"[0-9a-f]{16}"), required=False
    ),
    "deadlineSeconds": Field(expected="a number of seconds above 0", fits=is_duration),
    "spec": Field(
        expected="the version's spec as the text of a JSON object",
        fits=is_json_object,
        required=False,
    ),
    "by": Field(expected="who makes the update", fits=text(r".*"), required=False),
}
COUNTING = ("version", "image", "deployment", "namespace")
REPLACING = ("deployment", "namespace")
OUTPUTS = ("status",)
READY = "ready"


def identity(inputs: dict[str, Any]) -> str:
    """The resource's id: one roll-out a Deployment."""
    return f"{inputs['namespace']}/{inputs['deployment']}"


def make(
    inputs: dict[str, Any], _root: Path, progress: Callable[[str], None], cancelled: Event
) -> dict[str, PropertyValue]:
    """Wait until the version is rolled out; returns the outputs."""
    from ekiben import rollout

    target = rollout.Target(
        model=inputs["model"],
        namespace=inputs["namespace"],
        deployment=inputs["deployment"],
        version=inputs["version"],
        image=inputs["image"],
        deadline_seconds=inputs["deadlineSeconds"],
        spec=inputs.get("spec") or "{}",
        image_id=inputs.get("imageId") or "",
        by=inputs.get("by") or getpass.getuser(),
    )
    try:
        with rollout.connect(inputs["kubeconfig"], inputs.get("context") or "") as api:
            rollout.follow(target, progress=progress, cancelled=cancelled, api=api)
    except rollout.RolloutError as error:
        raise Refusal(str(error)) from error
    return {"status": PropertyValue(READY)}


def exists(state: dict[str, Any], _root: Path) -> bool:
    """Whether the Deployment still is there and carries the version that became ready."""
    from ekiben import rollout

    try:
        with rollout.connect(state["kubeconfig"], state.get("context") or "") as api:
            carried = rollout.carries(api, state["namespace"], state["deployment"])
    except rollout.RolloutError as error:
        raise Refusal(str(error)) from error
    return bool(carried == state["version"])
