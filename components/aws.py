"""From a plan's AWS resources to the engine's: the one adapter between plain data and pulumi-aws.

Resources are registered untyped, as Kubernetes objects are: the plan has them in the provider's own
spelling already.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from ekiben.plan.eks.resource import REFERENCE, Resource, Resources, references

from .token import token

DOCUMENTS = {"policy", "assumeRolePolicy", "eventPattern"}
"""Properties that are JSON within a string."""


@dataclass(frozen=True)
class Late:
    """What is known only once it is there: outputs of resources, and of the account."""

    wanted: Mapping[str, set[str]]
    """Outputs that something refers to, by name of the resource."""

    account: Mapping[str, Callable[[], pulumi.Output[str]]]
    """`account` and `caller`, asked for only where something refers to them."""

    hooks: Mapping[str, pulumi.ResourceHookBinding] = field(default_factory=dict)
    """What watches over resources of a type."""

    placed: dict[str, pulumi.CustomResource] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *plans: Any,
        account: Mapping[str, Callable[[], pulumi.Output[str]]],
        hooks: Mapping[str, pulumi.ResourceHookBinding],
    ) -> "Late":
        """`plans` are all values whose references this will have to resolve."""
        wanted: dict[str, set[str]] = {}
        for plan in plans:
            for name, output in references(plan):
                wanted.setdefault(name, set()).add(output.partition(".")[0])
        return cls(wanted=wanted, account=account, hooks=hooks)

    def output(self, name: str, path: str) -> pulumi.Output[str]:
        """The output `path` of a resource that is placed already, as text."""
        if name in self.account:
            return self.account[name]()
        first, *rest = path.split(".")
        found: pulumi.Output[Any] = getattr(self.placed[name], first)
        return found.apply(lambda value: _text(value, rest))

    def resolve(self, value: Any) -> Any:
        """`value` with outputs in the place of references."""
        if isinstance(value, str):
            return self._filled(value)
        if isinstance(value, Mapping):
            return {key: self.resolve(child) for key, child in value.items()}
        if isinstance(value, list | tuple):
            return [self.resolve(child) for child in value]
        return value

    def _filled(self, text: str) -> pulumi.Input[str]:
        found = list(REFERENCE.finditer(text))
        if not found:
            return text
        outputs = [self.output(match[1], match[2]) for match in found]
        return pulumi.Output.all(*outputs).apply(lambda values: _fill(text, values))


def _text(value: Any, path: list[str]) -> str:
    for step in path:
        value = value[int(step)] if isinstance(value, list | tuple) else value[step]
    # The engine knows one kind of number.
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else f"{value}"


def _fill(text: str, values: list[str]) -> str:
    """`text` with its references replaced in their order."""
    left = iter(values)
    return REFERENCE.sub(lambda _: next(left), text)


def place_aws(resources: Resources, late: Late, opts: pulumi.ResourceOptions) -> None:
    """Registers resources in their order; `late` knows them afterwards."""
    for name, resource in resources.items():
        late.placed[name] = pulumi.CustomResource(
            resource.type, name, _properties(name, resource, late), _options(resource, late, opts)
        )


def _properties(name: str, resource: Resource, late: Late) -> dict[str, Any]:
    outputs = late.wanted.get(name, set()) - {"id", *resource.properties}
    return {
        **{key: _property(key, value, late) for key, value in resource.properties.items()},
        **dict.fromkeys(outputs),
    }


def _property(key: str, value: Any, late: Late) -> Any:
    resolved = late.resolve(value)
    if key in DOCUMENTS:
        return pulumi.Output.from_input(resolved).apply(_document)
    return resolved


def _document(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _options(
    resource: Resource, late: Late, opts: pulumi.ResourceOptions
) -> pulumi.ResourceOptions:
    own = pulumi.ResourceOptions(
        protect=resource.protect,
        depends_on=[late.placed[name] for name in resource.needs],
        hooks=late.hooks.get(resource.type),
    )
    return pulumi.ResourceOptions.merge(opts, own)


@dataclass(frozen=True, kw_only=True)
class PartArgs:
    resources: Resources
    late: Late


class Part(pulumi.ComponentResource):
    """AWS resources that belong together, as the plan has them."""

    def __init__(
        self, name: str, args: PartArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token(type(self).__name__), name, None, opts)
        place_aws(args.resources, args.late, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
