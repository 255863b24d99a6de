"""Building programs from Go modules, pinned in the folders under `go/`."""

from __future__ import annotations

import json
import os
import shutil
import statistics
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local.toolchain.errors import WayError
from local.toolchain.job import Job
from local.toolchain.places import GO_MODULES
from local.toolchain.recipe import Copy, Fill, GoBuild, GoModule
from local.toolchain.rows.compiler import GO

SETTINGS = {
    "CGO_ENABLED": "0",  # no C compiler is asked for, and images need no C library
    "GOFLAGS": "-mod=readonly -modcacherw -trimpath -buildvcs=false",
    "GOTOOLCHAIN": f"go{GO}",
    "GOWORK": "off",
}
LINKER = "-s -w"
AFTER = 0.99
LATEST = 25
NOTES = "go: "
"""How lines begin by which the go command tells of itself, not of a package."""


def obtain(way: GoBuild, job: Job) -> str:
    go = job.need("go")
    environ = {k: v for k, v in os.environ.items() if k not in ("GOROOT", "GOOS", "GOARCH")}
    environ |= SETTINGS
    cache = job.places.go_for_tests if job.tool.for_tests else job.places.go
    environ |= {"GOMODCACHE": str(cache / "mod"), "GOCACHE": str(cache / "build")}
    for done, module in enumerate(way.modules):
        _Build(go, environ, module, job, done, len(way.modules)).run()
    return way.version


class Advance:
    """How far a build has come, from the packages that go says it compiles.

    They come about in the order listed, dependencies first, and what an earlier build left in
    go's cache is passed over in silence. So everything before the usual rank of the latest ones
    counts as done; the usual one, because a few that depend on nothing come far too early.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._ranks = {package: rank for rank, package in enumerate(order)}
        self._told: set[int] = set()
        self._latest: deque[int] = deque(maxlen=LATEST)

    def with_package(self, package: str) -> float:
        if (rank := self._ranks.get(package)) is not None:
            self._told.add(rank)
            self._latest.append(rank)
        usual = statistics.median_low(self._latest) if self._latest else 0
        return (usual + sum(rank >= usual for rank in self._told)) / max(1, len(self._ranks))


class _Build:
    """One module's part in a tool."""

    def __init__(
        self,
        go: Path,
        environ: Mapping[str, str],
        module: GoModule,
        job: Job,
        done: int,
        of: int,
    ) -> None:
        self.go, self.environ, self.module, self.job = go, environ, module, job
        self.done, self.of = done, of
        self.source = job.scratch / module.folder

    def run(self) -> None:
        shutil.copytree(GO_MODULES / self.module.folder, self.source)
        for copy in self.module.sources:
            self._take(copy, self.source)
        for folder in self.module.before:
            self._say(f"running {folder}")
            self._go("run", "-C", folder, ".")
        if self.module.packages:
            self._build()
        for program, *arguments in self.module.after:
            self._say(f"running {program} {' '.join(arguments)}", AFTER)
            home = self.job.into / "bin"
            self.job.run([str(home / program), *arguments], cwd=home)
        for copy in self.module.files:
            self._take(copy, self.job.into)
        for fill in self.module.fills:
            fill_in(fill, self.job.into)

    def _say(self, what: str, share: float = 0.0) -> None:
        self.job.say(what, (self.done + share) / self.of)

    def _build(self) -> None:
        self._say("resolving packages")
        order = self._go("list", "-deps", *self.module.packages)
        advance = Advance(order)

        def on_line(line: str) -> None:
            self._say(f"compiling {line}", advance.with_package(line))

        linked = " ".join([LINKER, *(f"-X {k}={v}" for k, v in self.module.variables.items())])
        target = f"{self.job.into / 'bin'}/"
        self._go(
            "build", "-v", "-ldflags", linked, "-o", target, *self.module.packages, on_line=on_line
        )

    def _take(self, copy: Copy, into: Path) -> None:
        self._say(f"fetching {copy.module}")
        answer = json.loads("\n".join(self._go("mod", "download", "-json", copy.module)))
        folder = Path(answer["Dir"]) / copy.folder
        hits = [path for name in copy.names for path in folder.glob(name) if path.is_file()]
        if not hits:
            raise WayError(f"{copy.module} holds no {copy.folder}/{copy.names[0]}")
        for path in hits:
            target = into / copy.into / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o755 if copy.executable else 0o644)

    def _go(self, *arguments: str, on_line: Callable[[str], None] | None = None) -> list[str]:
        """The go command's lines, without its notes; these are passed on as progress."""

        def listen(line: str) -> None:
            if line.startswith(NOTES):
                self.job.say(line.removeprefix(NOTES))
            elif on_line:
                on_line(line)

        lines = self.job.run(
            [str(self.go), *arguments], environ=self.environ, cwd=self.source, on_line=listen
        )
        return [line for line in lines if not line.startswith(NOTES)]


def fill_in(fill: Fill, into: Path) -> None:
    """Make a file out of its template; a word that is not there is a template we do not know."""
    text = (into / fill.source).read_text()
    for word, value in fill.replace.items():
        if word not in text:
            raise WayError(f"{fill.source} holds no {word}")
        text = text.replace(word, value)
    (into / fill.source).unlink()
    (into / fill.target).write_text(text)
