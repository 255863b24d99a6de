"""What a tool's folder is called: a new recipe gets a new folder."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from local.toolchain.places import GO_MODULES
from local.toolchain.recipe import GoBuild, Tool, Way, way_name
from local.toolchain.rows.compiler import GO

RECIPES = {"debian": 3}
"""By way, 1 where silent: raised when the way itself changes what it makes."""

LATER = {"before", "after"}
"""Fields that recipes got later: they count only where they say something, so that tools made
before them stay."""


@dataclass(frozen=True)
class Machine:
    """What of this machine decides what a tool is made of."""

    arch: str  # as in `uname -m`
    release: str  # the distribution's own name for itself, such as "debian-bookworm"
    path: tuple[str, ...]  # folders to look in for what is installed


def this_machine() -> Machine:
    try:
        told = platform.freedesktop_os_release()
    except OSError:
        told = {"ID": "linux"}
    release = told.get("VERSION_CODENAME") or told.get("VERSION_ID", "")
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return Machine(
        platform.machine(),
        f"{told['ID']}-{release}".rstrip("-"),
        (*path, str(Path(sys.executable).parent)),
    )


def folder_name(tool: Tool, way: Way, machine: Machine, modules: Path = GO_MODULES) -> str:
    """`<tool>-<version>-<digest>`, the digest over all that decides the outcome."""
    recipe: dict[str, object] = {
        "recipes": RECIPES.get(way_name(way), 1),
        "way": way_name(way),
        "how": dataclasses.asdict(way, dict_factory=said),
        "provides": dict(tool.provides),
        "machine": machine.arch,
    }
    version = getattr(way, "version", machine.release)  # packages belong to a release
    if isinstance(way, GoBuild):
        recipe["go"] = GO
        recipe["modules"] = {part.folder: _contents(modules / part.folder) for part in way.modules}
    canonical = json.dumps(recipe, sort_keys=True).encode()
    return f"{tool.name}-{version}-{hashlib.sha256(canonical).hexdigest()[:12]}"


def said(fields: list[tuple[str, object]]) -> dict[str, object]:
    """Of a recipe's fields, those that count."""
    return {name: value for name, value in fields if value or name not in LATER}


def _contents(module: Path) -> dict[str, str]:
    return {
        str(file.relative_to(module)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(module.rglob("*"))
        if file.is_file()
    }
