"""Making a container image out of files: one layer, the same bytes every time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from local.cluster import lock

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
_LAYOUT = json.dumps({"imageLayoutVersion": "1.0.0"})
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class ImageRecipe:
    """What an image holds and how it starts."""

    repository: str
    tag: str
    files: Mapping[str, Path | str]
    """Absolute path in the image -> a file to copy with its mode, or a text."""
    entrypoint: Sequence[str]
    user: str
    environment: Mapping[str, str] = field(default_factory=dict)
    writable: Sequence[str] = ()
    """Folders that anybody may write to."""

    @property
    def key(self) -> str:
        """Changes with whatever the image is made of; files are known by place, size and time."""
        facts: list[Any] = [self.repository, self.tag, list(self.entrypoint), self.user]
        facts += [sorted(self.environment.items()), list(self.writable)]
        for target, source in sorted(self.files.items()):
            if isinstance(source, Path):
                stat = source.stat()
                facts.append([target, str(source), stat.st_size, stat.st_mtime_ns])
            else:
                facts.append([target, source])
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Blob:
    """A part of an image, lying in a file named by its digest."""

    path: Path
    media_type: str

    @property
    def digest(self) -> str:
        return f"sha256:{self.path.name}"

    @property
    def descriptor(self) -> dict[str, Any]:
        size = self.path.stat().st_size
        return {"mediaType": self.media_type, "digest": self.digest, "size": size}


@dataclass(frozen=True)
class Image:
    """A finished image: `manifest` names the `parts`."""

    manifest: Blob
    parts: tuple[Blob, ...]


def make(recipe: ImageRecipe, folder: Path) -> Image:
    """The image of `recipe` among those kept in `folder`; made when it is not there yet."""
    place = folder / f"{recipe.repository.replace('/', '_')}-{recipe.key}"
    if not place.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with lock.held(folder / "making.lock", lambda _: None):
            if not place.exists():
                unfinished = folder / "making"
                shutil.rmtree(unfinished, ignore_errors=True)
                _make(recipe, unfinished)
                unfinished.rename(place)
    return load(place)


def load(place: Path) -> Image:
    """The one image of an OCI layout."""
    manifest = Blob(_blob(place, _read(place / "index.json")["manifests"][0]), MANIFEST_TYPE)
    document = _read(manifest.path)
    described = [document["config"], *document["layers"]]
    return Image(manifest, tuple(Blob(_blob(place, part), part["mediaType"]) for part in described))


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def _blob(place: Path, descriptor: Mapping[str, Any]) -> Path:
    return place / "blobs/sha256" / str(descriptor["digest"]).removeprefix("sha256:")


def _make(recipe: ImageRecipe, place: Path) -> None:
    blobs = place / "blobs/sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    layer, content_digest = _layer(recipe, blobs)
    config = {
        "architecture": _ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": {
            "Entrypoint": list(recipe.entrypoint),
            "User": recipe.user,
            "Env": [f"{name}={value}" for name, value in sorted(recipe.environment.items())],
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [content_digest]},
        "history": [{"created_by": "ekiben"}],
    }
    config_blob = Blob(_store(blobs, config), _CONFIG_TYPE)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config_blob.descriptor,
        "layers": [layer.descriptor],
    }
    index = {
        "schemaVersion": 2,
        "manifests": [Blob(_store(blobs, manifest), MANIFEST_TYPE).descriptor],
    }
    (place / "oci-layout").write_text(_LAYOUT)
    (place / "index.json").write_text(json.dumps(index))


def _store(blobs: Path, document: Any) -> Path:
    data = json.dumps(document).encode()
    path = blobs / hashlib.sha256(data).hexdigest()
    path.write_bytes(data)
    return path


class _Sink(Protocol):
    def write(self, data: Any, /) -> int: ...


class _Hashing(io.RawIOBase):
    """Passes on what is written, and knows its digest."""

    def __init__(self, into: _Sink) -> None:
        self._into, self._hash = into, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._hash.update(data)
        return self._into.write(data)

    @property
    def hex(self) -> str:
        return self._hash.hexdigest()


def _layer(recipe: ImageRecipe, blobs: Path) -> tuple[Blob, str]:
    """The layer, and the digest of its content before compression."""
    unfinished = blobs / "layer.new"
    with unfinished.open("wb") as file:
        outer = _Hashing(file)
        with gzip.GzipFile("", "wb", 1, outer, mtime=0) as packed:
            inner = _Hashing(packed)
            with tarfile.open(fileobj=inner, mode="w|", format=tarfile.GNU_FORMAT) as archive:
                _fill(archive, recipe)
    path = unfinished.rename(blobs / outer.hex)
    return Blob(path, _LAYER_TYPE), f"sha256:{inner.hex}"


def _fill(archive: tarfile.TarFile, recipe: ImageRecipe) -> None:
    folders = {str(parent) for target in recipe.files for parent in Path(target).parents}
    for name in sorted({*folders, *recipe.writable} - {"/"}):
        entry = tarfile.TarInfo(name.lstrip("/"))
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name in recipe.writable else 0o755
        archive.addfile(entry)
    for target, source in sorted(recipe.files.items()):
        entry = tarfile.TarInfo(target.lstrip("/"))
        if isinstance(source, Path):
            stat = source.stat()
            entry.size, entry.mode = stat.st_size, 0o755 if stat.st_mode & 0o111 else 0o644
            with source.open("rb") as file:
                archive.addfile(entry, file)
        else:
            data = source.encode()
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))


def archive(image: Image, name: str, target: Path) -> None:
    """The image as one OCI archive that a container runtime imports under the full name `name`."""
    descriptor = {
        **image.manifest.descriptor,
        "annotations": {"io.containerd.image.name": name},
    }
    texts = {
        "oci-layout": _LAYOUT,
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [descriptor]}),
    }
    unfinished = target.with_name(f".{target.name}.new")
    with tarfile.open(unfinished, "w") as archive_file:
        for text_name, text in texts.items():
            entry = tarfile.TarInfo(text_name)
            entry.size = len(text)
            archive_file.addfile(entry, io.BytesIO(text.encode()))
        for blob in (image.manifest, *image.parts):
            archive_file.add(blob.path, f"blobs/sha256/{blob.path.name}")
    unfinished.replace(target)
