"""How an image travels to its registry, whichever builder made it: form, trust, credentials."""

import shutil
from pathlib import Path

from .source import Registry

COMPRESSION, LEVEL = "zstd", 3
"""A seventh smaller than gzip, and unpacked several times faster, so that pods start earlier."""


def trust(registry: Registry, context: Path) -> list[str]:
    """Options, without their dashes, by which buildah and skopeo know the registry and are known
    to it. Neither the machine's own settings nor those of a daemon play a part."""
    trusted = context / "trusted"
    trusted.mkdir(exist_ok=True)
    if registry.ca_file:
        shutil.copy(registry.ca_file, trusted / "ca.crt")
    nobody = context / "nobody.json"
    nobody.write_text("{}")
    return [
        f"authfile={registry.auth_file or nobody}",
        f"cert-dir={trusted}",
        f"tls-verify={str(not registry.plain_http).lower()}",
    ]


def skopeo(
    archive: Path, repository: str, tag: str, registry: Registry, context: Path, digest_file: Path
) -> list[str]:
    """The command line that pushes an image out of an archive that `docker save` wrote.

    It sends the layers that the registry lacks, and writes the digest that the image has there.
    """
    return [
        *("skopeo", "--insecure-policy", f"--tmpdir={context}", "copy", "--quiet", "--format=oci"),
        "--dest-precompute-digests",
        *(f"--dest-compress-format={COMPRESSION}", f"--dest-compress-level={LEVEL}"),
        *(f"--dest-{option}" for option in trust(registry, context)),
        *(f"--digestfile={digest_file}", f"docker-archive:{archive}"),
        f"docker://{repository}:{tag}",
    ]
