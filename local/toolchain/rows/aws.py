"""The AWS provider for tests and offline previews; never for an account of AWS.

The official Terraform AWS provider under Pulumi's Terraform bridge, which is what the official
`aws` plugin consists of, with the types and functions of `go/aws/tokens.json` alone. Beside the
program lie its `schema.json` and `bridge-metadata.json`, and it does not run without them.
"""

from __future__ import annotations

from local.toolchain.recipe import GoBuild, GoModule, Tool, programs

PULUMI_AWS = "7.51.1"
"""The pulumi-aws whose tokens and property names the provider has."""

TERRAFORM = "6.34.0"

PROVIDER = Tool(
    "aws-provider",
    programs("pulumi-resource-aws"),
    (
        GoBuild(
            TERRAFORM,
            (
                GoModule(
                    "aws",
                    (".",),
                    {"main.version": PULUMI_AWS, "main.terraform": TERRAFORM},
                    before=("excerpt",),
                    after=(("pulumi-resource-aws", "schema", "--skip-docs", "--out", "."),),
                ),
            ),
        ),
    ),
    for_tests=True,
)
