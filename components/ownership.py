"""An object made by others is refused, not taken over.

Server-side apply lets an interrupted update find what it had already placed, but it would also
lay hands on a namesake that belongs to someone else. So before the engine creates an object, the
cluster is asked whether one is there without this stack's stamp.
"""

import shlex
from collections.abc import Mapping
from typing import Any

import pulumi

from ekiben.plan.labels import MANAGED_BY, STACK


class Ownership:
    """The question, bound to a cluster and to the provider that places objects there."""

    def __init__(
        self, provider: pulumi.Resource, kubeconfig: pulumi.Input[str], context: str | None
    ) -> None:
        self._provider = provider
        self._kubeconfig = kubeconfig
        self._context = context
        self._parents: dict[str, pulumi.Resource] = {}
        self._binding = pulumi.ResourceHookBinding(
            before_create=[pulumi.ResourceHook("refuse-foreign-object", self._refuse_foreign)]
        )

    def hooks(self, name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding:
        """What goes into the options of the object `name` below `parent`."""
        self._parents[name] = parent
        return self._binding

    async def _refuse_foreign(self, args: pulumi.ResourceHookArgs) -> None:
        # Here and not above: a run that creates nothing needs no client.
        from ekiben.rollout import connect

        manifest = args.new_inputs or {}
        kubeconfig = await pulumi.Output.from_input(self._kubeconfig).future()
        with connect(kubeconfig or "", self._context or "") as api:
            found = api.find(manifest)
        reason = foreign(manifest, found) if found else None
        if reason:
            metadata = manifest["metadata"]
            name = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
            raise RuntimeError(
                f"{manifest['kind']} {name} exists already and {reason}. Nothing was changed."
                " Rename yours, remove that one, or adopt it and run again:\n"
                f"{await self._adoption(args, name)}"
            )

    async def _adoption(self, args: pulumi.ResourceHookArgs, name: str) -> str:
        """The command that takes the object into the state, in the place where the program has it:
        under another parent or provider it would be another resource."""
        parent = await self._parents[args.name].urn.future()
        provider = await self._provider.urn.future()
        place = ["--parent", f"parent={parent}", "--provider", f"provider={provider}"]
        command = ["pulumi", "import", args.type, args.name, name, "--stack", pulumi.get_stack()]
        return shlex.join([*command, *place, "--protect=false", "--generate-code=false"])


def foreign(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """Why `found` is not ours, or None where it carries the stamp of `wanted`."""
    wanted_labels = wanted["metadata"].get("labels", {})
    labels = (found.get("metadata") or {}).get("labels") or {}
    if all(labels.get(key) == wanted_labels.get(key) for key in (MANAGED_BY, STACK)):
        return None
    other = labels.get(STACK)
    if other:
        return f"belongs to the stack {other!r}"
    manager = labels.get(MANAGED_BY)
    return f"is managed by {manager!r}" if manager else "was not made by Ekiben"
