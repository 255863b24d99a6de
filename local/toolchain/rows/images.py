"""What images are built with."""

from __future__ import annotations

from local.toolchain.recipe import Debian, Installed, Tool, Wheel, programs

REGISTRIES = {"CONTAINERS_REGISTRIES_CONF": "etc/containers/registries.conf"}


BUILDAH = Tool(
    "buildah",
    programs("buildah"),
    (
        Installed(("--version",), at_least="1.28"),
        Debian(("buildah",), {"buildah": "usr/bin/buildah"}, REGISTRIES),
    ),
)

SKOPEO = Tool(
    "skopeo",
    programs("skopeo"),
    (
        Installed(("--version",), at_least="1.9"),
        Debian(("skopeo",), {"skopeo": "usr/bin/skopeo"}, REGISTRIES),
    ),
)

MMDEBSTRAP = Tool(
    "mmdebstrap",
    programs("mmdebstrap", "mmtarfilter"),
    (
        Installed(("--version",), at_least="1.3"),
        Debian(
            ("mmdebstrap",),
            {"mmdebstrap": "usr/bin/mmdebstrap", "mmtarfilter": "usr/bin/mmtarfilter"},
        ),
    ),
)

UV = Tool(
    "uv",
    programs("uv"),
    (
        Installed(("--version",), at_least="0.9"),
        Wheel(
            "uv",
            "0.13.4",
            {
                "x86_64": "05e4332791b4d55b6dde8695b7fa6079b26991519f44760887c5dfbd5ca4fe53",
                "aarch64": "7b3cdf868e5415631fe797b648c0d6945d38d388f23367bdd0b6332e80a1fcb0",
            },
            {"uv-0.13.4.data/scripts/uv": "bin/uv"},
        ),
    ),
)
