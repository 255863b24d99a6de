"""What is to be made into an image, and where it goes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Smoke = Literal["ready", "import", "none"]


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """A model folder and the identity computed from it (`ekiben.spec`): 16 hex characters.

    `smoke` is what is tried before the image is pushed: `ready` starts the service, waits for
    /readyz and sends sample.json if there is one; `import` imports it; `none` trusts it.
    """

    model: str
    folder: Path
    image_id: str
    platform: str
    smoke: Smoke = "ready"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry by `host[:port][/path]`, TLS unless the address starts with http://.

    `ca_file` holds the certificates it is checked against (None: the machine's own). `auth_file`
    holds credentials in Docker's config.json form (None: anonymous); they live in files only.
    `ecr_region` says that it is Amazon's registry in that region, where credentials are asked for.
    """

    address: str
    ca_file: Path | None = None
    auth_file: Path | None = None
    ecr_region: str | None = None

    @property
    def host(self) -> str:
        """`host[:port]`: a path in the address is part of its repositories' names."""
        return (self.address.partition("://")[2] or self.address).partition("/")[0]

    @property
    def plain_http(self) -> bool:
        return self.address.startswith("http://")
