"""Kubernetes' own programs."""

from __future__ import annotations

from local.toolchain.recipe import Download, GoBuild, GoModule, Installed, Remote, Tool, programs

KUBERNETES = "1.34.3"

ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}
KUBERNETES_PROGRAMS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
)


def _kubernetes_versions() -> dict[str, str]:
    major, minor, _ = KUBERNETES.split(".")
    facts = {"gitVersion": f"v{KUBERNETES}", "gitMajor": major, "gitMinor": minor}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{name}": value for package in packages for name, value in facts.items()}


KUBERNETES_SET = Tool(
    "kubernetes",
    programs(*KUBERNETES_PROGRAMS),
    (
        # From 1.35 on the kubelet refuses cgroup v1 by default.
        Installed(("--version",), at_least="1.33", below="1.35"),
        Download(
            KUBERNETES,
            tuple(
                Remote(
                    f"https://dl.k8s.io/v{KUBERNETES}/bin/linux/{{arch}}/{program}",
                    f"https://dl.k8s.io/v{KUBERNETES}/bin/linux/{{arch}}/{program}.sha256",
                    {"": f"bin/{program}"},
                    ARCHES,
                )
                for program in KUBERNETES_PROGRAMS
            ),
        ),
        GoBuild(
            KUBERNETES,
            (
                GoModule(
                    "core",
                    tuple(f"k8s.io/kubernetes/cmd/{program}" for program in KUBERNETES_PROGRAMS),
                    _kubernetes_versions(),
                ),
            ),
        ),
    ),
)
