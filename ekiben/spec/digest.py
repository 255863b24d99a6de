"""Identity of what goes into an image, computed from the sources alone.

Same files, same digest: neither time stamps, nor the order of a directory, nor the machine matter.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pathspec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from .problems import Place, Problem, SpecError

_NEVER = tuple(
    GitIgnoreSpecPattern(pattern)
    for pattern in (
        ".git/",
        "__pycache__/",
        "*.pyc",
        ".venv/",
        ".bentoignore",
        "/model.yaml",
        "*.swp",
    )
)
"""Left out of every image: `model.yaml` shapes pods, so changing it must not build anything."""

_UNREADABLE = "cannot be read; check its permissions"

_T = TypeVar("_T")
_Sum = tuple[bool, str]
"""Whether a file is executable, and its SHA-256."""

_PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A model folder as it goes into an image.

    `files` are paths relative to the folder, sorted; `image_id` is 16 hex characters;
    `platform` is what the image is built for, such as `linux/arm64`.
    """

    folder: Path
    files: tuple[str, ...]
    image_id: str
    platform: str


def digest(value: Any, length: int) -> str:
    """The first `length` hex characters of the SHA-256 of `value` as canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def model_source(folder: Path, shown: str, platform: str) -> ModelSource:
    """Reads the folder once and gives its identity; `shown` is the folder's name in messages.

    Raises SpecError for what cannot be packed: links, sockets, unreadable files.
    """
    reader = _Folder(folder, shown)
    sums = reader.sums()
    if reader.problems:
        raise SpecError(reader.problems)
    parts = {"files": sums, "platform": platform, "recipe": recipe_digest()}
    return ModelSource(
        folder=folder, files=tuple(sums), image_id=digest(parts, 16), platform=platform
    )


@cache
def recipe_digest() -> str:
    """Identity of what Ekiben itself puts into images: the base image's recipe and the runtime.

    Read once: these files belong to the program that runs.
    """
    parts = [_PACKAGE / "catalog" / "recipe.yaml", *sorted((_PACKAGE / "runtime").rglob("*.py"))]
    return digest({str(p.relative_to(_PACKAGE)): _file_sum(p)[1] for p in parts}, 64)


class _Folder:
    """A folder as it is read; what no image can hold is noted among the problems."""

    def __init__(self, path: Path, shown: str) -> None:
        self.problems: list[Problem] = []
        self._path = path
        self._shown = shown

    def sums(self) -> dict[str, _Sum]:
        """Its files by name, without what `.bentoignore` and we leave out."""
        ignored = self._ignored()
        found = {name: self._read(name, _file_sum) for name in sorted(self._names(ignored))}
        return {name: result for name, result in found.items() if result}

    def _names(self, ignored: pathspec.GitIgnoreSpec) -> Iterator[str]:
        for directory, folders, files in os.walk(self._path, onerror=self._unreadable):
            below = Path(directory).relative_to(self._path).as_posix()
            prefix = "" if below == "." else f"{below}/"
            folders[:] = [f for f in folders if not ignored.match_file(f"{prefix}{f}/")]
            links = [f for f in folders if (self._path / prefix / f).is_symlink()]
            for name in [*files, *links]:
                if not ignored.match_file(prefix + name):
                    yield prefix + name

    def _ignored(self) -> pathspec.GitIgnoreSpec:
        lines: list[str] = []
        if os.path.lexists(self._path / ".bentoignore"):
            text = self._read(".bentoignore", lambda path: path.read_text(errors="replace"))
            lines = (text or "").splitlines()
        patterns = []
        for number, line in enumerate(lines, start=1):
            try:
                patterns.append(GitIgnoreSpecPattern(line))
            except (ValueError, re.error):
                message = f"given {line!r}; expected a pattern as in .gitignore"
                self._refuse(".bentoignore", message, number)
        return pathspec.GitIgnoreSpec([*patterns, *_NEVER])

    def _read(self, name: str, read: Callable[[Path], _T]) -> _T | None:
        """What `read` makes of a file; None where it is refused."""
        path = self._path / name
        try:
            reason = _unpackable(path.lstat().st_mode)
            if reason is None:
                return read(path)
        except OSError:
            reason = _UNREADABLE
        self._refuse(name, reason)
        return None

    def _unreadable(self, error: OSError) -> None:
        self._refuse(Path(error.filename).relative_to(self._path).as_posix(), _UNREADABLE)

    def _refuse(self, name: str, message: str, line: int = 0) -> None:
        file = self._shown if name == "." else f"{self._shown}/{name}"
        place = Place(file=file, line=line, column=1 if line else 0)
        self.problems.append(Problem(place=place, message=message))


def _unpackable(mode: int) -> str | None:
    if stat.S_ISLNK(mode):
        return "is a link; an image holds files only, so put the file itself there"
    if not stat.S_ISREG(mode):
        return "is neither a file nor a folder; leave it out or name it in .bentoignore"
    return None


def _file_sum(path: Path) -> _Sum:
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
        return bool(os.fstat(file.fileno()).st_mode & 0o100), content
