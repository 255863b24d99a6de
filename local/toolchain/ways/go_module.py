"""Building programs from Go modules, pinned in the folders under `go/`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from local.toolchain.errors import WayError
from local.toolchain.job import Job
from local.toolchain.places import GO_MODULES
from local.toolchain.recipe import Copy, Fill, GoBuild, GoModule
from local.toolchain.rows.compiler import GO

SETTINGS = {
    "CGO_ENABLED": "0",  # no C compiler is asked for, and images need no C library
    "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
    "GOTOOLCHAIN": f"go{GO}",
    "GOWORK": "off",
}
LINKER = "-s -w"
NOTES = "go: "
"""How lines begin by which the go command tells of itself, not of a package."""


def obtain(way: GoBuild, job: Job) -> str:
    go = job.need("go")
    environ = {k: v for k, v in os.environ.items() if k not in ("GOROOT", "GOOS", "GOARCH")}
    environ |= SETTINGS
    for done, module in enumerate(way.modules):
        _Build(go, environ, module, job, done, len(way.modules)).run()
    return way.version


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
        if self.module.packages:
            self._build()
        for copy in self.module.files:
            self._take(copy, self.job.into)
        for fill in self.module.fills:
            fill_in(fill, self.job.into)

    def _say(self, what: str, share: float = 0.0) -> None:
        self.job.say(what, (self.done + share) / self.of)

    def _build(self) -> None:
        self._say("resolving packages")
        order = self._go("list", "-deps", *self.module.packages)
        ranks = {package: rank for rank, package in enumerate(order, 1)}
        furthest = 0

        def on_line(line: str) -> None:
            # Packages are compiled about in the order listed; what a build before this one left
            # in go's cache is passed over, which only the furthest rank shows.
            nonlocal furthest
            furthest = max(furthest, ranks.get(line, 0))
            self._say(f"compiling {line}", furthest / len(ranks))

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
