"""The provider's answers to the engine: check, diff, create, update, read, delete, cancel."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar, cast

from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import PropertyValue

from provider import image, rollout
from provider.inputs import UNKNOWN, Table, Values, check, differing, plain, with_defaults
from provider.refusal import Refusal

VERSION = "0.1.0"
# Threads wait more than they work: as many as an engine may ever ask for at once.
_AT_ONCE = 512

Progress = Callable[[str], None]
T = TypeVar("T")


class Resource(Protocol):
    """What a resource's module offers."""

    FIELDS: Table
    COUNTING: tuple[str, ...]
    REPLACING: tuple[str, ...]
    OUTPUTS: tuple[str, ...]

    def identity(self, inputs: dict[str, Any]) -> str:
        """The resource's id."""

    def make(
        self,
        inputs: dict[str, Any],
        root: Path,
        progress: Progress,
        cancelled: threading.Event,
    ) -> dict[str, PropertyValue]:
        """Bring it about; returns the outputs."""

    def exists(self, state: dict[str, Any], root: Path) -> bool:
        """Whether it is still there."""


def _resource(module: ModuleType) -> Resource:
    return cast("Resource", module)


RESOURCES: Mapping[str, Resource] = {
    "ekiben:index:Image": _resource(image),
    "ekiben:index:Rollout": _resource(rollout),
}


class Ekiben(api.Provider):
    """The provider: every resource is made and made again by the same function of its inputs."""

    def __init__(self, root: Path, row: Callable[[str], Progress]) -> None:
        """`root` is the project's folder; `row` gives the display of a resource by its URN."""
        self.cancelled = threading.Event()
        self._root = root
        self._row = row
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="resource")

    async def configure(self, request: api.ConfigureRequest) -> api.ConfigureResponse:  # noqa: ARG002
        """Previews and secrets as such; no outputs as such: the SDK cannot read unknown ones."""
        return api.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: api.CheckRequest) -> api.CheckResponse:
        """Refuse wrong inputs by their property path; fill in defaults."""
        resource = _find(request.type)
        inputs = with_defaults(request.new_inputs, resource.FIELDS)
        return api.CheckResponse(inputs, check(inputs, resource.FIELDS))

    async def diff(self, request: api.DiffRequest) -> api.DiffResponse:
        """Only what makes another image or another roll-out is a difference."""
        resource = _find(request.type)
        names = differing(request.old_state, request.new_inputs, resource.COUNTING)
        names = [name for name in names if name not in request.ignore_changes]
        replaces = [name for name in names if name in resource.REPLACING]
        return api.DiffResponse(
            changes=bool(names),
            replaces=replaces,
            diffs=names,
            detailed_diff={name: _detail(name in replaces) for name in names},
        )

    async def create(self, request: api.CreateRequest) -> api.CreateResponse:
        """Make it; a failure leaves no resource behind, so that the next `up` tries again."""
        resource = _find(request.type)
        if request.preview:
            return api.CreateResponse(None, _unknown(resource, request.properties))
        outputs = await self._make(resource, request.urn, request.properties)
        identity = resource.identity(_plain(request.properties))
        return api.CreateResponse(identity, {**request.properties, **outputs})

    async def update(self, request: api.UpdateRequest) -> api.UpdateResponse:
        """Make it again from new inputs; a failure leaves the state as it was."""
        resource = _find(request.type)
        if request.preview:
            return api.UpdateResponse(_unknown(resource, request.news))
        outputs = await self._make(resource, request.urn, request.news)
        return api.UpdateResponse({**request.news, **outputs})

    async def read(self, request: api.ReadRequest) -> api.ReadResponse:
        """Tell whether it is still there; without inputs (an import) there is nothing to ask."""
        resource = _find(request.type)
        if not request.inputs:
            raise Refusal(f"{request.type} cannot be imported: `pulumi up` makes it.")
        state = _plain({**request.properties, **request.inputs})
        found = await self._run(lambda: resource.exists(state, self._root))
        if not found:
            return api.ReadResponse("", {}, {})
        return api.ReadResponse(request.resource_id, request.properties, request.inputs)

    async def delete(self, request: api.DeleteRequest) -> None:
        """Forget it: images may still be deployed, and the Deployment is another resource."""
        _find(request.type)

    async def cancel(self) -> None:
        """The user wants to stop: whatever runs ends soon, with an error that says so."""
        self.cancelled.set()

    async def _make(self, resource: Resource, urn: str, inputs: Values) -> dict[str, PropertyValue]:
        row = self._row(urn)
        return await self._run(
            lambda: resource.make(_plain(inputs), self._root, row, self.cancelled)
        )

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _find(qualified: str) -> Resource:
    """The resource of a type, before which a URN puts the types of its parents, `$` between."""
    kind = qualified.rpartition("$")[2]
    if kind not in RESOURCES:
        raise Refusal(f"the ekiben provider has no {kind}, only {' and '.join(RESOURCES)}.")
    return RESOURCES[kind]


def _plain(inputs: Values) -> dict[str, Any]:
    return {name: plain(value) for name, value in inputs.items()}


def _unknown(resource: Resource, inputs: Values) -> dict[str, PropertyValue]:
    """A preview's outcome: what only the real thing brings is not known yet."""
    return {**inputs, **dict.fromkeys(resource.OUTPUTS, UNKNOWN)}


def _detail(replaces: bool) -> api.PropertyDiff:
    kind = api.PropertyDiffKind.UPDATE_REPLACE if replaces else api.PropertyDiffKind.UPDATE
    return api.PropertyDiff(kind, input_diff=True)
