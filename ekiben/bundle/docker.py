"""The builder for machines with a Docker daemon: BuildKit through `docker buildx build`."""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .base import base_image
from .cache import Cache
from .containerfile import Builder
from .errors import Failure
from .process import Finished, Runner
from .recipe import Recipe
from .source import Registry
from .transfer import skopeo

PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy")
"""What BuildKit lends to build steps without putting it into images or deciding caches by it."""


@dataclass(frozen=True, kw_only=True)
class Docker:
    """The daemon keeps base images, layers and uv's cache, and throws away by its own rules.

    `builder` is the daemon's own: another one that `docker buildx` knows may live in a container,
    with a network and images of its own.
    """

    cache: Cache
    runner: Runner
    certificates: Path | None
    platform: str
    builder: str

    name: Builder = "buildkit"

    @property
    def _passing(self) -> str:
        """The name under which this cache's images are in the daemon until they are pushed."""
        return f"localhost/ekiben-{hashlib.sha256(str(self.cache.root).encode()).hexdigest()[:8]}"

    def prepare(self) -> None:
        """Raises Failure where something is missing that the end of a build needs."""
        if not self.runner.finds("skopeo"):
            advice = "install skopeo, or run `make up`, which gets it"
            raise Failure("push", "skopeo is not installed, which pushes images", advice=advice)
        done = self._docker("", "buildx", "inspect", self.builder)
        if not done.code and self.platform not in platforms(done.lines):
            raise Failure(
                "base",
                f"{self.platform} images cannot be built with this Docker daemon",
                advice="install an emulator (qemu-user-static) where it runs",
            )

    def clean(self) -> None:
        """Removes contexts and images that dead builds left; the daemon itself ends what a client
        began that is gone. Called only while no other build lives."""
        shutil.rmtree(self.cache.contexts, ignore_errors=True)
        names = "--format={{.Repository}}:{{.Tag}}"
        for line in self._docker("", "image", "ls", names, self._passing).lines:
            if line.startswith(self._passing):
                self._docker("", "image", "rm", line)

    def base(self, recipe: Recipe) -> str:
        """The image that builds start from, in the daemon's store. Raises Failure."""
        return base_image(self, recipe, self.platform, self.cache, self.runner)

    def has(self, image: str) -> bool:
        done = self._docker("", "image", "inspect", "--format={{.Os}}/{{.Architecture}}", image)
        return not done.code and self.platform in done.lines

    def pull(self, image: str) -> bool:
        what = "pulling the base image"
        return not self._docker(what, "pull", "--quiet", f"--platform={self.platform}", image).code

    def take(self, tarball: Path, name: str) -> None:
        what = "importing the base image"
        done = self._docker(what, "import", f"--platform={self.platform}", str(tarball), name)
        if done.code:
            raise Failure("base", "docker could not import it", done.lines[-5:])

    def build(self, what: str, target: str, context: Path, *, offline: bool) -> Finished:
        """Builds the Containerfile up to a stage; the result stays in BuildKit's cache."""
        del offline  # the Containerfile says it for each step
        return self._build(what, target, context, ["--output=type=cacheonly"])

    def push(
        self, repository: str, tag: str, registry: Registry, context: Path
    ) -> tuple[str, Finished]:
        """Pushes the built image; its digest, and how what failed, or skopeo, ended.

        The daemon does not push: it would want the registry's certificates among its own settings,
        and may be unable to reach a registry that this machine reaches.
        """
        archive, digest_file = context / "image.tar", context / "pushed.digest"
        done = self._saved(archive, context) if not archive.exists() else Finished(0, ())
        if not done.code:
            command = skopeo(archive, repository, tag, registry, context, digest_file)
            done = self.runner.run("pushing", command, **self._memory())
        return digest_file.read_text().strip() if not done.code else "", done

    def _saved(self, archive: Path, context: Path) -> Finished:
        """Gets the image out of the daemon, where it is not left behind."""
        name = f"{self._passing}:{context.name}"
        load = ["--output=type=docker,compression=uncompressed", f"--tag={name}"]
        try:
            done = self._build("putting the image together", "image", context, load)
            if not done.code:
                what = "taking the image out of Docker"
                done = self._docker(what, "save", f"--output={archive}", name)
        finally:
            self._docker("", "image", "rm", name)
        return done

    def _memory(self) -> dict[str, str]:
        """Lets skopeo keep what it knows of registries in our cache, as buildah does: then layers
        that are there are not even compressed."""
        home = self.cache.images / "skopeo"
        home.mkdir(parents=True, exist_ok=True)
        return {"XDG_DATA_HOME": str(home), "_CONTAINERS_ROOTLESS_UID": "1"}

    def _build(self, what: str, target: str, context: Path, output: Sequence[str]) -> Finished:
        trusted = self.certificates or context / "meta" / "none.pem"
        proxies = [name for name in self.runner.environ if name.lower() in PROXIES]
        return self._docker(
            what,
            *("buildx", "build", f"--builder={self.builder}", f"--platform={self.platform}"),
            *build_options(target, context, trusted, proxies, output),
        )

    def _docker(self, what: str, *arguments: str) -> Finished:
        return self.runner.run(what, ["docker", *arguments])


def build_options(
    target: str, context: Path, trusted: Path, proxies: Sequence[str], output: Sequence[str]
) -> list[str]:
    """What is built and what is lent to it. Proxies are named only: their values are taken from
    the environment, as they may hold a password. The network is the one that buildah's steps have.
    """
    return [
        *("--progress=plain", "--provenance=false", "--network=host", f"--target={target}"),
        *("--build-arg=SOURCE_DATE_EPOCH=0", *(f"--build-arg={name}" for name in sorted(proxies))),
        *(f"--secret=id=certificates,src={trusted}",),
        *(f"--secret=id=index,src={context / 'meta' / 'uv.toml'}", *output),
        *(f"--file={context / 'Containerfile'}", str(context)),
    ]


def platforms(lines: Iterable[str]) -> set[str]:
    """The platforms that `docker buildx inspect` lists; a star marks those that were named."""
    listed = (line.partition(":")[2] for line in lines if line.strip().startswith("Platforms:"))
    return {name.strip().rstrip("*") for text in listed for name in text.split(",")}
