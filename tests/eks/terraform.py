"""A platform's plan as Terraform shows plans, which is what scanners of infrastructure read."""

import json
import re
from collections.abc import Mapping
from typing import Any

from components.aws import DOCUMENTS
from ekiben.plan.eks.platform import PlatformPlan
from ekiben.plan.eks.resource import Resource, Resources, references
from local.toolchain.places import GO_MODULES

MAPS = {"tags", "labels"}
"""Objects that are maps in Terraform; all others are blocks, and blocks are lists."""

SINGULAR = {"taints": "taint", "podIdentityAssociations": "pod_identity_association"}
"""Names that pulumi-aws has in the plural."""


def terraform_types() -> Mapping[str, str]:
    """Terraform's name of each type, by its token."""
    tokens = json.loads((GO_MODULES / "aws" / "tokens.json").read_text())
    return {token: name for name, token in tokens["resources"].items()}


def terraform_plan(plan: PlatformPlan) -> dict[str, Any]:
    """As `terraform show -json` prints it, all to be created."""
    types = terraform_types()
    tags = dict(plan.tags)
    resources = plan.resources
    changes = [
        {
            **_named(name, types[each.type]),
            "mode": "managed",
            "change": {"actions": ["create"], "before": None, "after": _values(each, tags)},
        }
        for name, each in resources.items()
    ]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {
            "root_module": {
                "resources": [
                    {
                        **_named(name, types[each.type]),
                        "mode": "managed",
                        "values": _values(each, tags),
                    }
                    for name, each in resources.items()
                ]
            }
        },
        "resource_changes": changes,
        "configuration": {
            "root_module": {
                "resources": [
                    {
                        **_named(name, types[each.type]),
                        "mode": "managed",
                        "expressions": _expressions(each, resources, types),
                    }
                    for name, each in resources.items()
                ]
            }
        },
    }


def _named(name: str, kind: str) -> dict[str, str]:
    return {"address": f"{kind}.{name}", "type": kind, "name": name}


def _values(each: Resource, tags: Mapping[str, str]) -> dict[str, Any]:
    found = {_snake(key): _value(key, value) for key, value in each.properties.items()}
    return {**found, "tags": {**tags, **found.get("tags", {})}}


def _value(key: str, value: Any) -> Any:
    if key in DOCUMENTS:
        return json.dumps(value)
    if isinstance(value, Mapping):
        if key in MAPS:
            return dict(value)
        return [{_snake(k): _value(k, v) for k, v in value.items()}]
    if isinstance(value, list):
        return [_value(key, v)[0] if isinstance(v, Mapping) else v for v in value]
    return value


def _snake(name: str) -> str:
    return SINGULAR.get(name) or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _expressions(each: Resource, resources: Resources, types: Mapping[str, str]) -> dict[str, Any]:
    """What each property refers to; scanners follow it from one resource to another."""
    return {
        _snake(key): {"references": _addresses(value, resources, types)}
        for key, value in each.properties.items()
        if any(name in resources for name, _ in references(value))
    }


def _addresses(value: Any, resources: Resources, types: Mapping[str, str]) -> list[str]:
    found = []
    for name, output in references(value):
        if name in resources:
            address = f"{types[resources[name].type]}.{name}"
            found += [f"{address}.{output}", address]
    return found
