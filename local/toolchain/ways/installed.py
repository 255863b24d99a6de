"""Taking what the machine already has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.toolchain.errors import WayError
from local.toolchain.recipe import Installed, Tool
from local.toolchain.versions import misfit, numbers, version_in


@dataclass(frozen=True)
class Found:
    version: str
    paths: dict[str, Path]
    where: str


def find(tool: Tool, way: Installed, path: Sequence[str], ours: Path) -> Found:
    """The tool in the folders of `path` or the way's own, but not in `ours`; else a `WayError`
    that says what is amiss."""
    amiss = f"no {next(iter(tool.provides))} on this machine"
    for folders in _places_to_look(way, path, ours):
        try:
            if found := _find_in(tool, way, folders, ours):
                return found
        except WayError as error:
            amiss = error.reason
    raise WayError(amiss)


def _places_to_look(way: Installed, path: Sequence[str], ours: Path) -> list[list[str]]:
    """Search paths, each tried as a whole: `path` first, then each of the way's own folders."""
    outside = [folder for folder in path if not Path(folder).resolve().is_relative_to(ours)]
    patterns = [Path(folder).expanduser() for folder in way.folders]
    own = [hit for at in patterns for hit in at.parent.glob(at.name)]
    newest_first = sorted(own, key=lambda at: numbers(version_in(at.name) or "0.0"), reverse=True)
    return [outside, *([str(hit)] for hit in newest_first)]


def _find_in(tool: Tool, way: Installed, folders: list[str], ours: Path) -> Found | None:
    """All that the tool provides, from one set of folders; a `WayError` where it does not suit."""
    paths = {}
    for name in tool.provides:
        hit = shutil.which(name, path=os.pathsep.join(folders))
        if hit is None or Path(hit).resolve().is_relative_to(ours):
            return None
        paths[name] = Path(hit)
    first = next(iter(paths.values()))
    version = _version_of(first, way)
    if reason := misfit(version, way.at_least, way.below):
        raise WayError(f"{first}: {reason}")
    return Found(version, paths, str(first))


def _version_of(program: Path, way: Installed) -> str:
    """What the program says, or, where it can say nothing, what its folder is called."""
    said = program.parent.name
    if way.version_arguments:
        try:
            said = subprocess.run(
                [program, *way.version_arguments],
                capture_output=True,
                text=True,
                timeout=20,
                check=True,
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise WayError(f"{program} does not run: {error}") from error
    if version := version_in(said):
        return version
    raise WayError(f"{program} does not tell its version")
