"""Identity of what goes into an image, computed from the sources alone.

Same files, same digest: neither time stamps, nor the order of a directory, nor the machine matter.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pathspec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from .problems import Place, Problem, SpecError

PLATFORM = "linux/amd64"

_NEVER = (".git/", "__pycache__/", "*.pyc", ".venv/", ".bentoignore", "/model.yaml", "*.swp")
"""Left out of every image: `model.yaml` shapes pods, so changing it must not build anything."""

_UNREADABLE = "cannot be read; check its permissions"

_PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A model folder as it goes into an image.

    `files` are paths relative to the folder, sorted; `image_id` is 16 hex characters.
    """

    folder: Path
    files: tuple[str, ...]
    image_id: str


def digest(value: Any, length: int) -> str:
    """The first `length` hex characters of the SHA-256 of `value` as canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def model_source(folder: Path, shown: str, platform: str = PLATFORM) -> ModelSource:
    """Reads the folder once and gives its identity; `shown` is the folder's name in messages.

    Raises SpecError for what cannot be packed: links, sockets, unreadable files.
    """
    problems: list[Problem] = []
    sums = {name: _file_sum(path) for name, path in sorted(_packed(folder, shown, problems))}
    if problems:
        raise SpecError(problems)
    image_id = digest({"files": sums, "platform": platform, "recipe": recipe_digest()}, 16)
    return ModelSource(folder=folder, files=tuple(sums), image_id=image_id)


def recipe_digest() -> str:
    """Identity of what Ekiben itself puts into images: the base image's recipe and the runtime."""
    parts = [_PACKAGE / "catalog" / "recipe.yaml", *sorted((_PACKAGE / "runtime").rglob("*.py"))]
    return digest({str(p.relative_to(_PACKAGE)): _file_sum(p)[1] for p in parts}, 64)


def _packed(folder: Path, shown: str, problems: list[Problem]) -> Iterator[tuple[str, Path]]:
    """Files of the folder, without what `.bentoignore` and we leave out."""
    ignored = _ignored(folder, shown, problems)

    def unreadable(error: OSError) -> None:
        below = Path(error.filename).relative_to(folder).as_posix()
        place = Place(file=shown if below == "." else f"{shown}/{below}")
        problems.append(Problem(place=place, message=_UNREADABLE))

    for directory, folders, files in os.walk(folder, onerror=unreadable):
        here = Path(directory)
        relative = here.relative_to(folder).as_posix()
        prefix = "" if relative == "." else f"{relative}/"
        folders[:] = sorted(f for f in folders if not ignored.match_file(f"{prefix}{f}/"))
        links = [f for f in folders if (here / f).is_symlink()]
        for name in sorted([*files, *links]):
            if ignored.match_file(prefix + name):
                continue
            reason = _unpackable(here / name)
            if reason:
                place = Place(file=f"{shown}/{prefix}{name}")
                problems.append(Problem(place=place, message=reason))
            else:
                yield prefix + name, here / name


def _ignored(folder: Path, shown: str, problems: list[Problem]) -> pathspec.GitIgnoreSpec:
    path, file = folder / ".bentoignore", f"{shown}/.bentoignore"
    own: list[str] = []
    reason = _unpackable(path) if os.path.lexists(path) else "absent"
    if reason is None:
        own = path.read_text(errors="replace").splitlines()
    elif reason != "absent":
        problems.append(Problem(place=Place(file=file), message=reason))
    patterns = []
    for number, line in enumerate(own, start=1):
        try:
            patterns.append(GitIgnoreSpecPattern(line))
        except (ValueError, re.error):
            message = f"given {line!r}; expected a pattern as in .gitignore"
            problems.append(Problem(place=Place(file=file, line=number, column=1), message=message))
    return pathspec.GitIgnoreSpec([*patterns, *map(GitIgnoreSpecPattern, _NEVER)])


def _unpackable(path: Path) -> str | None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "is a link; an image holds files only, so put the file itself there"
    if not stat.S_ISREG(mode):
        return "is neither a file nor a folder; leave it out or name it in .bentoignore"
    if not os.access(path, os.R_OK):
        return _UNREADABLE
    return None


def _file_sum(path: Path) -> tuple[bool, str]:
    """Whether the file is executable, and its SHA-256."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
        return bool(os.fstat(file.fileno()).st_mode & 0o100), content
