"""The builder for machines without a Docker daemon: buildah, as root, in storage of our own."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from .base import DEBIAN, base_image, check_platform
from .cache import Cache
from .containerfile import Builder
from .errors import Failure
from .process import Finished, Runner
from .recipe import Recipe
from .source import Registry
from .transfer import COMPRESSION, LEVEL, trust

ISOLATE = Path(__file__).parent / "files" / "isolate.py"

KEPT = 600
"""Images, those of every build step among them, that are kept for later builds: some fifty builds.
Past that all are thrown away: buildah does not tell which of them were used lately."""

_POLICY = {"default": [{"type": "insecureAcceptAnything"}]}
_FILES = {
    "policy.json": json.dumps(_POLICY),
    "registries.conf": "unqualified-search-registries = []\n",
    "containers.conf": "",
    "storage.conf": '[storage]\ndriver = "overlay"\n',
}


@dataclass(frozen=True, kw_only=True)
class Buildah:
    """buildah with everything it reads or writes below $EKIBEN_CACHE/images."""

    cache: Cache
    runner: Runner
    certificates: Path | None
    platform: str

    name: Builder = "buildah"

    @property
    def _home(self) -> Path:
        return self.cache.images / "buildah"

    @property
    def _policy(self) -> str:
        return f"--signature-policy={self._home / 'conf' / 'policy.json'}"

    def prepare(self) -> None:
        """Writes the settings files; chooses the storage driver once. Raises Failure."""
        for folder in ("conf", "tmp", "run", "storage", "state"):
            (self._home / folder).mkdir(parents=True, exist_ok=True)
        for name, text in _FILES.items():
            _replace(self._home / "conf" / name, text)
        driver = self._home / "driver"
        if not driver.exists():
            _replace(driver, self._driver())

    def clean(self) -> None:
        """Removes what dead builds left: working containers, contexts, temporary files.

        Called only while no other build lives. Storage that does not work any more (a crash of the
        machine, a full disk) or has grown old is thrown away: it is a cache.
        """
        shutil.rmtree(self.cache.contexts, ignore_errors=True)
        for leftover in (self._home / "tmp").glob("*"):
            if leftover.name != "buildah-cache":
                shutil.rmtree(leftover, ignore_errors=True)
        listed = self._run("", ["images", "--quiet", "--all"])
        broken = listed.code or self._run("", ["rm", "--all"]).code
        if broken or len(listed.lines) > KEPT:
            for folder in ("storage", "run"):
                shutil.rmtree(self._home / folder, ignore_errors=True)

    def base(self, recipe: Recipe) -> str:
        """The image that builds start from, made available in the storage. Raises Failure."""
        check_platform(self.platform)
        return base_image(self, recipe, self.platform, self.cache, self.runner)

    def has(self, image: str) -> bool:
        look = ["inspect", "--type=image", "--format={{.FromImageID}}"]
        return not self._run("", [*look, image]).code

    def pull(self, image: str) -> bool:
        command = ["pull", "--quiet", "--retry=0", f"--platform={self.platform}"]
        return not self._run("pulling the base image", [*command, self._policy, image]).code

    def take(self, tarball: Path, name: str) -> None:
        created = self._run("", ["from", self._policy, "scratch"])
        container = created.lines[-1] if created.lines else ""
        commit = ["commit", "--quiet", "--rm", "--timestamp=0", self._policy, container, name]
        for what, arguments in (
            ("unpacking the base image", ["add", "--quiet", container, str(tarball), "/"]),
            ("", ["config", f"--arch={DEBIAN[self.platform]}", "--os=linux", container]),
            ("importing the base image", commit),
        ):
            done = self._run(what, arguments)
            if done.code:
                raise Failure("base", "buildah could not import it", done.lines[-5:])

    def build(self, what: str, target: str, context: Path, *, offline: bool) -> Finished:
        """Builds the Containerfile up to a stage, and notes the image's id in the context."""
        secrets = [f"--secret=id=index,src={context / 'meta' / 'uv.toml'}"]
        certificates = self.certificates or context / "meta" / "none.pem"
        return self._run(
            what,
            [
                *("build", "--isolation=chroot", "--layers", "--timestamp=0", "--format=oci"),
                *("--pull=never", "--identity-label=false", "--network=host"),
                *(f"--platform={self.platform}", f"--target={target}"),
                *(f"--iidfile={_id_file(context, target)}", *secrets),
                f"--secret=id=certificates,src={certificates}",
                *(self._policy, f"--file={context / 'Containerfile'}", str(context)),
            ],
            offline=offline,
        )

    def push(
        self, repository: str, tag: str, registry: Registry, context: Path
    ) -> tuple[str, Finished]:
        """Pushes the built image; its digest, and how buildah ended."""
        digest_file = context / "pushed.digest"
        image = _id_file(context, "image").read_text().strip()
        done = self._run(
            "pushing",
            [
                *("push", "--quiet", "--retry=0", f"--digestfile={digest_file}"),
                *(f"--compression-format={COMPRESSION}", f"--compression-level={LEVEL}"),
                *(f"--{option}" for option in trust(registry, context)),
                *(self._policy, image, f"docker://{repository}:{tag}"),
            ],
        )
        return digest_file.read_text().strip() if not done.code else "", done

    def _driver(self) -> str:
        """Overlay shares what layers have in common; vfs copies it, and works everywhere."""
        for driver in ("overlay", "vfs"):
            done = self._run("", ["info"], driver=driver)
            if not done.code:
                return driver
        advice = "run as root on a machine (or in a container) that may mount file systems"
        raise Failure("base", "buildah does not work here", done.lines[-3:], advice)

    def _run(
        self, what: str, arguments: list[str], *, offline: bool = False, driver: str = ""
    ) -> Finished:
        home = self._home
        isolate = [sys.executable, "-I", str(ISOLATE), *(["--offline"] if offline else [])]
        isolate += ["--state", str(home / "state")]
        return self.runner.run(
            what,
            [
                *(*isolate, "buildah", "--root", str(home / "storage")),
                *("--runroot", str(home / "run")),
                *("--storage-driver", driver or (home / "driver").read_text()),
                *("--registries-conf", str(home / "conf" / "registries.conf"), *arguments),
            ],
            **self._environment(),
        )

    def _environment(self) -> dict[str, str]:
        home = self._home
        return {
            "CONTAINERS_CONF": str(home / "conf" / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(home / "conf" / "storage.conf"),
            "TMPDIR": str(home / "tmp"),
            "HOME": str(home),
            "DOCKER_CONFIG": "",  # buildah fails where that folder has no config.json
        }


def _id_file(context: Path, target: str) -> Path:
    return context / f"{target}.id"


def _replace(path: Path, text: str) -> None:
    """Writes the file so that a reader sees the old text or the new one."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.rename(path)
