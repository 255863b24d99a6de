"""The least a Pulumi program can do: it registers the resources listed beside it, and no more.

`bench.bare` copies it as `__main__.py` into a project of its own.
"""

import json
from pathlib import Path
from typing import Any

import pulumi


def register(one: dict[str, Any], made: dict[str, pulumi.Resource]) -> pulumi.Resource:
    options = pulumi.ResourceOptions(
        parent=made.get(one["parent"]),
        depends_on=[made[urn] for urn in one["after"] if urn in made],
    )
    kind, name, inputs = one["type"], one["name"], one["inputs"]
    if kind.startswith("pulumi:providers:"):
        return pulumi.ProviderResource(kind.rpartition(":")[2], name, inputs, options)
    if not one["custom"]:
        return pulumi.ComponentResource(kind, name, inputs, options)
    provider = made.get(one["provider"])
    if isinstance(provider, pulumi.ProviderResource):
        options.provider = provider
    return pulumi.CustomResource(kind, name, inputs, options)


def main() -> None:
    made: dict[str, pulumi.Resource] = {}
    for one in json.loads((Path(__file__).parent / "resources.json").read_text()):
        made[one["urn"]] = register(one, made)


if __name__ == "__main__":
    main()
