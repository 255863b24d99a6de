"""`ekiben:index:Image`: a model's image in the registry, built and pushed where it is not there."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue

from provider.inputs import DNS, Field, text
from provider.refusal import Refusal

FIELDS = {
    "model": Field(expected="a model's name", fits=text(DNS)),
    "folder": Field(
        expected="a folder inside the project, relative to it",
        fits=text(r"(?!/)(?!(.*/)?\.\.(/|$)).+"),
    ),
    "imageId": Field(expected="16 hexadecimal characters", fits=text(r"[0-9a-f]{16}")),
    "repository": Field(
        expected="an image repository without tag: registry/team/model",
        fits=text(r"[^\s/@]+(/[a-z0-9][a-z0-9._-]*)+"),
    ),
    "platform": Field(
        expected="os/architecture, such as linux/amd64",
        fits=text(r"[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?"),
        default="linux/amd64",
    ),
    "smoke": Field(
        expected="ready, import or none", fits=text(r"ready|import|none"), default="ready"
    ),
    "registry": Field(
        expected="an object with address, ecrRegion, caFile and authFile",
        fields={
            "address": Field(expected="host:port of the registry", fits=text()),
            "ecrRegion": Field(expected="a region of AWS", fits=text(), required=False),
            "caFile": Field(expected="a file of trusted authorities", fits=text(), required=False),
            "authFile": Field(
                expected="a file of registry credentials", fits=text(), required=False
            ),
        },
    ),
}
COUNTING = ("imageId", "repository", "platform")
REPLACING: tuple[str, ...] = ()
OUTPUTS = ("digest", "ref")


def identity(inputs: dict[str, Any]) -> str:
    """The resource's id: it outlives changes of image and repository."""
    return str(inputs["model"])


def make(
    inputs: dict[str, Any], root: Path, progress: Callable[[str], None], cancelled: Event
) -> dict[str, PropertyValue]:
    """Build, test and push the image unless its tag exists; returns the outputs."""
    # Imported late: the provider must be up in a moment, also where no image is built.
    from ekiben import bundle

    source = bundle.ImageSource(
        model=inputs["model"],
        folder=root / inputs["folder"],
        image_id=inputs["imageId"],
        platform=inputs["platform"],
        smoke=inputs["smoke"],
    )
    registry = bundle.Registry(**_registry(inputs, root))
    try:
        digest = bundle.publish(
            source, inputs["repository"], registry, progress=progress, cancelled=cancelled
        )
    except bundle.BundleError as error:
        raise Refusal(str(error)) from error
    ref = f"{inputs['repository']}@{digest}"
    return {"digest": PropertyValue(digest), "ref": PropertyValue(ref)}


def exists(state: dict[str, Any], root: Path) -> bool:
    """Whether the registry still holds the image by its digest; a refresh finds out."""
    from ekiben.bundle import Registry
    from ekiben.bundle.ecr import signed_in
    from ekiben.bundle.errors import Failure
    from ekiben.bundle.registry import Unreachable, digest_of

    registry = Registry(**_registry(state, root))
    try:
        with signed_in(registry) as known:
            return digest_of(state["repository"], state["digest"], known) is not None
    except (Failure, Unreachable) as error:
        raise Refusal(f"model {state['model']}: cannot look up its image: {error}") from error


def _registry(inputs: dict[str, Any], root: Path) -> dict[str, Any]:
    given = inputs["registry"]
    return {
        "address": given["address"],
        "ecr_region": given.get("ecrRegion"),
        "ca_file": _file(given.get("caFile"), root),
        "auth_file": _file(given.get("authFile"), root),
    }


def _file(path: str | None, root: Path) -> Path | None:
    return root / Path(path).expanduser() if path else None
