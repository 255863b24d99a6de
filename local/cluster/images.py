"""The images that the cluster runs, made of the toolchain's programs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.cluster.errors import ClusterError
from local.cluster.oci import ImageRecipe

NONROOT = "65532"
PAUSE_REPOSITORY, PAUSE_TAG = "ekiben/pause", "1"
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_PASSWD = f"""root:x:0:0:root:/root:/sbin/nologin
nonroot:x:{NONROOT}:{NONROOT}:nonroot:/home/nonroot:/sbin/nologin
"""


def pause(tools: Mapping[str, Path]) -> ImageRecipe:
    """What holds a pod's namespaces."""
    files = {"/pause": tools["pause"]}
    return ImageRecipe(PAUSE_REPOSITORY, PAUSE_TAG, files, ["/pause"], "65535:65535")


def pushed(tools: Mapping[str, Path], versions: Mapping[str, str]) -> dict[str, ImageRecipe]:
    """Images for the registry, by name, under the paths of the official ones.

    So whoever installs a chart has to change the registry's host and nothing else. `versions`
    holds those of `coredns`, `envoy` and `envoy-gateway`, as their makers write them.
    """
    static: dict[str, Path | str] = {"/etc/passwd": _PASSWD, **_authorities()}
    return {
        "coredns": ImageRecipe(
            "coredns/coredns",
            versions["coredns"],
            {"/coredns": tools["coredns"], **static},
            ["/coredns"],
            f"{NONROOT}:{NONROOT}",
        ),
        "envoy-gateway": ImageRecipe(
            "envoyproxy/gateway",
            f"v{versions['envoy-gateway']}",
            {"/usr/local/bin/envoy-gateway": tools["envoy-gateway"], **static},
            ["/usr/local/bin/envoy-gateway"],
            f"{NONROOT}:{NONROOT}",
            {"PATH": "/usr/local/bin"},
            ("/tmp", "/var/lib/eg"),
        ),
        "envoy": ImageRecipe(
            "envoyproxy/envoy",
            f"distroless-v{versions['envoy']}",
            {"/usr/local/bin/envoy": tools["envoy"], **libraries(tools["envoy"]), **static},
            ["/usr/local/bin/envoy"],
            f"{NONROOT}:{NONROOT}",
            {"PATH": "/usr/local/bin"},
            ("/tmp",),
        ),
    }


def _authorities() -> dict[str, Path]:
    return {str(_AUTHORITIES): _AUTHORITIES.resolve()} if _AUTHORITIES.exists() else {}


def libraries(program: Path) -> dict[str, Path]:
    """The shared libraries that a program needs, loader included, by where it looks for them."""
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    if done.returncode != 0 or "not found" in done.stdout:
        raise ClusterError(
            f"{program}: this machine lacks a library that it needs:\n{done.stdout}{done.stderr}"
        )
    return {str(place): place.resolve() for place in parse_libraries(done.stdout)}


def parse_libraries(listing: str) -> list[Path]:
    """The files in what `ldd` prints."""
    words = [line.split() for line in listing.splitlines()]
    named = [line[2] for line in words if len(line) >= 3 and line[1] == "=>"]
    loaders = [line[0] for line in words if len(line) == 2 and line[0].startswith("/")]
    return [Path(place) for place in (*named, *loaders)]


def versions(tools: Mapping[str, Path]) -> dict[str, str]:
    """Of the programs in the images, as they tell themselves."""
    return {name: _version(tools[name], flags) for name, flags in _VERSION_FLAGS.items()}


_VERSION_FLAGS = {
    "coredns": ("-version",),
    "envoy": ("--version",),
    "envoy-gateway": ("version",),
}


def _version(program: Path, flags: tuple[str, ...]) -> str:
    done = subprocess.run([str(program), *flags], capture_output=True, text=True, check=False)
    found = re.search(r"(?<![\d.])(\d+\.\d+\.\d+)", done.stdout)
    if not found:
        raise ClusterError(f"{program} {' '.join(flags)}: no version in {done.stdout[:200]!r}")
    return found[1]
