"""The Pulumi engine with its Python host, and its official plugin for Kubernetes."""

from __future__ import annotations

from local.toolchain.recipe import (
    Copy,
    Download,
    GoBuild,
    GoModule,
    Installed,
    Remote,
    Tool,
    programs,
)

PLUGIN_MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"

ENGINE_ARCHES = {"x86_64": "x64", "aarch64": "arm64"}
PLUGIN_ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}

PULUMI_PROGRAMS = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
    "pulumi-analyzer-policy-python",
)

ENGINE = Tool(
    "pulumi",
    programs(*PULUMI_PROGRAMS),
    (
        Installed(("version",), at_least="3.200", below="4", folders=("~/.pulumi/bin",)),
        Download(
            "3.272.0",
            (
                Remote(
                    "https://github.com/pulumi/pulumi/releases/download/v3.272.0/"
                    "pulumi-v3.272.0-linux-{arch}.tar.gz",
                    "https://github.com/pulumi/pulumi/releases/download/v3.272.0/"
                    "pulumi-3.272.0-checksums.txt",
                    {f"pulumi/{program}": f"bin/{program}" for program in PULUMI_PROGRAMS},
                    ENGINE_ARCHES,
                ),
            ),
        ),
        GoBuild(
            "3.229.0",
            (
                GoModule(
                    "core",
                    ("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",),
                    {f"{SDK_MODULE}/go/common/version.Version": "v3.229.0"},
                ),
                GoModule(
                    "language",
                    (f"{SDK_MODULE}/python/cmd/pulumi-language-python",),
                    {f"{SDK_MODULE}/go/common/version.Version": "v3.68.0"},
                    files=(
                        Copy(
                            SDK_MODULE,
                            "python/cmd",
                            ("pulumi-language-python-exec",),
                            "bin",
                            executable=True,
                        ),
                        Copy(
                            SDK_MODULE,
                            "python/dist",
                            ("pulumi-resource-pulumi-python", "pulumi-analyzer-policy-python"),
                            "bin",
                            executable=True,
                        ),
                    ),
                ),
            ),
        ),
    ),
)

PLUGIN = Tool(
    "kubernetes-plugin",
    programs("pulumi-resource-kubernetes"),
    (
        Installed(
            (),
            at_least="4.24",
            below="5",
            folders=("~/.pulumi/plugins/resource-kubernetes-v*",),
        ),
        Download(
            "4.34.2",
            (
                Remote(
                    "https://github.com/pulumi/pulumi-kubernetes/releases/download/v4.34.2/"
                    "pulumi-resource-kubernetes-v4.34.2-linux-{arch}.tar.gz",
                    "https://github.com/pulumi/pulumi-kubernetes/releases/download/v4.34.2/"
                    "pulumi-kubernetes_4.34.2_checksums.txt",
                    {"pulumi-resource-kubernetes": "bin/pulumi-resource-kubernetes"},
                    PLUGIN_ARCHES,
                ),
            ),
        ),
        GoBuild(
            "4.25.0",
            (
                GoModule(
                    "core",
                    ("./pulumi-resource-kubernetes",),
                    {f"{PLUGIN_MODULE}/pkg/version.Version": "4.25.0"},
                    sources=(
                        Copy(
                            PLUGIN_MODULE,
                            "cmd/pulumi-resource-kubernetes",
                            ("schema.json", "terraform-mapping.json"),
                            "pulumi-resource-kubernetes",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
