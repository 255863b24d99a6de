"""Lays out the folder a builder works from: copies with fixed modes, owners and times.

Containerfile
steps/ runtime/ uv/ meta/      mounted into build steps
requirements/                  what the environment is installed from
large/ code/                   the model's files, by layer
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from ekiben.spec.digest import model_source
from ekiben.spec.problems import SpecError

from .errors import Failure
from .layers import BENTOFILE, Split, entry_target, split
from .recipe import Recipe
from .source import ImageSource

PACKAGE = Path(__file__).parent.parent
STEPS = Path(__file__).parent / "files"
ENTRY = "ekiben_entry.py"
ENTRY_TEXT = '''"""What this Bento serves: the model's service with Ekiben's guards."""

from ekiben_runtime.entry import open_service

service = open_service({target!r})
'''


@dataclass(frozen=True, kw_only=True)
class Context:
    """A laid out folder, and digests of its parts: `keys` by build step, `sources` of the model."""

    folder: Path
    keys: dict[str, str]
    sources: str
    has_large: bool


def lay_out(source: ImageSource, recipe: Recipe, uv: Path, folder: Path) -> Context:
    """Copies everything a build needs into `folder`.

    Raises Failure where the model's files are no longer those its identity was computed from:
    an image must never carry another version's name.
    """
    files = _files(source)
    parts = split(
        {name: (source.folder / name).stat().st_size for name in files},
        lambda name: (source.folder / name).read_text(errors="replace"),
        recipe.large_file,
    )
    _copy_all(source.folder, parts, folder)
    _same_files(source, parts, folder)
    entry = ENTRY_TEXT.format(target=entry_target(_bentofile(folder / "code" / BENTOFILE)))
    _write(folder / "code" / ENTRY, entry)
    _write(folder / "meta" / "large.json", json.dumps(parts.large))
    _copy(uv, folder / "uv" / "uv")
    for origin, kind in ((STEPS, "steps"), (PACKAGE / "runtime", "runtime")):
        for path in sorted(origin.rglob("*.py")):
            _copy(path, folder / kind / path.relative_to(origin))
    return Context(
        folder=folder,
        keys=_keys(folder),
        sources=_digest([folder / "code", folder / "large"]),
        has_large=bool(parts.large),
    )


def _keys(folder: Path) -> dict[str, str]:
    """What each step's result depends on beside its command and the layers below it."""
    reads: dict[str, list[str]] = {
        "prepare": [],
        "install": ["requirements"],
        "bento": ["runtime"],
        "smoke": [],
    }
    return {
        step: _digest([folder / "steps" / f"{step}.py", *(folder / name for name in names)])[:16]
        for step, names in reads.items()
    }


def _files(source: ImageSource) -> tuple[str, ...]:
    try:
        return model_source(source.folder, source.folder.name, source.platform).files
    except (SpecError, OSError) as error:
        raise Failure("bento", f"the model's files cannot be read: {error}") from None


def _copy_all(origin: Path, parts: Split, folder: Path) -> None:
    for kind, names in (
        ("large", parts.large),
        ("code", parts.code),
        ("requirements", parts.requirements),
    ):
        (folder / kind).mkdir(parents=True)
        for name in names:
            try:
                _copy(origin / name, folder / kind / name)
            except OSError as error:
                raise Failure("bento", f"{name} cannot be copied: {error.strerror}") from None


def _same_files(source: ImageSource, parts: Split, folder: Path) -> None:
    """Recomputes the identity from the copies, which nobody edits any more."""
    together = folder / "meta" / "together"
    for kind, names in (("large", parts.large), ("code", parts.code)):
        for name in names:
            (together / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(folder / kind / name, together / name)
    together.mkdir(parents=True, exist_ok=True)
    actual = model_source(together, source.model, source.platform).image_id
    shutil.rmtree(together)
    if actual != source.image_id:
        raise Failure(
            "bento",
            f"its files are not those of image {source.image_id} (they make {actual}); "
            "they were changed after the plan was made",
            advice="run it again; it will take the files as they are then",
        )


def _bentofile(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text()) if path.exists() else None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Failure("bento", f"{BENTOFILE} is not YAML: {error}") from None


def _copy(origin: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(origin, target)
    target.chmod(0o755 if origin.stat().st_mode & 0o100 else 0o644)
    os.utime(target, (0, 0))


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    os.utime(target, (0, 0))


def _digest(places: Iterable[Path]) -> str:
    """SHA-256 over names and contents of files and of all files below folders."""
    total = hashlib.sha256()
    for place in places:
        for path in sorted(p for p in (place, *place.rglob("*")) if p.is_file()):
            total.update(f"\n{path.relative_to(place.parent).as_posix()}\n".encode())
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
