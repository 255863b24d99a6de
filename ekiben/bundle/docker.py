"""The builder for machines with a Docker daemon: BuildKit through `docker buildx build`."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .containerfile import Builder
from .process import Finished, Runner
from .recipe import Recipe
from .source import Registry

_PUSHED = re.compile(r"digest: (sha256:[0-9a-f]{64})")


def works(environ: Mapping[str, str]) -> bool:
    """Whether a Docker daemon with buildx answers."""
    if not shutil.which("docker", path=environ.get("PATH")):
        return False
    commands = (
        ["docker", "info", "--format", "{{.ServerVersion}}"],
        ["docker", "buildx", "version"],
    )
    return all(_succeeds(command, environ) for command in commands)


def _succeeds(command: list[str], environ: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(command, env=dict(environ), capture_output=True, timeout=20)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


@dataclass(frozen=True, kw_only=True)
class Docker:
    """The daemon keeps base images, layers and uv's cache; nothing is kept by us."""

    runner: Runner
    certificates: Path | None

    name: Builder = "buildkit"

    def prepare(self) -> None:
        """Nothing to do: the daemon is there."""

    def clean(self) -> None:
        """Nothing to do: the daemon ends the steps of a client that is gone."""

    def base(self, recipe: Recipe, platform: str) -> str:
        """The image that builds start from; BuildKit pulls it by itself."""
        del platform
        return recipe.image

    def build(
        self, what: str, target: str, context: Path, platform: str, *, offline: bool
    ) -> tuple[str, Finished]:
        """Builds the Containerfile up to a stage; the image's id, and how it ended."""
        del offline  # the Containerfile says it for each step
        id_file = context / f"{target}.id"
        done = self.runner.run(
            what, build_command(target, context, platform, id_file, self.certificates)
        )
        return id_file.read_text().strip() if not done.code else "", done

    def push(
        self, image: str, repository: str, tag: str, registry: Registry, context: Path
    ) -> tuple[str, Finished]:
        """Pushes the image; its digest, and how docker ended.

        The daemon checks the registry's certificate by its own settings; it accepts any on
        loopback addresses.
        """
        reference = f"{repository}:{tag}"
        done = self.runner.run("", ["docker", "tag", image, reference])
        if not done.code:
            command = ["docker", *self._credentials(registry, context), "push", reference]
            done = self.runner.run("pushing", command)
        found = [match[1] for line in done.lines if (match := _PUSHED.search(line))]
        return (found[-1] if found else ""), done

    def _credentials(self, registry: Registry, context: Path) -> list[str]:
        """Options for a push with the given credentials to the daemon that is in use anyway."""
        if registry.auth_file is None:
            return []
        settings = context / "docker"
        settings.mkdir(exist_ok=True)
        shutil.copy(registry.auth_file, settings / "config.json")
        asked = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
        found = self.runner.run("", asked)
        host = ["--host", found.lines[-1]] if not found.code and found.lines else []
        return ["--config", str(settings), *host]


def build_command(
    target: str, context: Path, platform: str, id_file: Path, certificates: Path | None
) -> list[str]:
    """The command line that builds one stage and loads it into the daemon."""
    trusted = certificates or context / "meta" / "none.pem"
    return [
        *("docker", "buildx", "build", "--progress=plain", "--load", "--provenance=false"),
        *("--build-arg=SOURCE_DATE_EPOCH=0", f"--platform={platform}", f"--target={target}"),
        *(f"--iidfile={id_file}", f"--secret=id=certificates,src={trusted}"),
        *(f"--secret=id=index,src={context / 'meta' / 'uv.toml'}",),
        *(f"--file={context / 'Containerfile'}", str(context)),
    ]
