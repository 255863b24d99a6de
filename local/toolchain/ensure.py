"""From names to programs on disk: what is there, else the first way that leads there."""

from __future__ import annotations

import contextlib
import difflib
import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from local.toolchain import ways
from local.toolchain.errors import ToolchainError, WayError
from local.toolchain.job import Children, Job, Say
from local.toolchain.keys import Machine, folder_name, this_machine
from local.toolchain.locks import locked
from local.toolchain.places import Places, default_places
from local.toolchain.progress import SILENT, Progress
from local.toolchain.recipe import GoBuild, Installed, Tool, Way, way_name
from local.toolchain.table import TOOLS
from local.toolchain.ways import installed

RECORD = "recipe.json"


@dataclass(frozen=True)
class Taken:
    """A tool that is there."""

    tool: str
    version: str
    way: str
    why: str
    paths: Mapping[str, Path]
    folder: Path | None = None  # of ours; None where the machine had it
    seconds: float = 0.0


@dataclass
class Toolchain:
    """A table of tools on one machine and in one cache."""

    tools: tuple[Tool, ...] = TOOLS
    places: Places = field(default_factory=default_places)
    machine: Machine = field(default_factory=this_machine)
    children: Children = field(default_factory=Children)

    def ensure(self, names: Iterable[str] | None, progress: Progress = SILENT) -> dict[str, Path]:
        """Paths of everything that the tools behind `names` provide (None: behind all names).

        Builds go one after another beside what only waits for the network.
        """
        wanted = self.providers(names)
        lanes = [[t for t in wanted if _is_heavy(t)], [t for t in wanted if not _is_heavy(t)]]
        failures: list[str] = []

        def work(lane: list[Tool]) -> list[Taken]:
            return [taken for tool in lane if (taken := self._attempt(tool, progress, failures))]

        with ThreadPoolExecutor(len(lanes)) as pool:
            try:
                done = [taken for lane in pool.map(work, lanes) for taken in lane]
            except BaseException:
                self.children.stop()
                raise
        self._link(done)
        if failures:
            raise ToolchainError("\n\n".join(failures))
        self._clear_compiler_caches()
        return {name: path for taken in done for name, path in taken.paths.items()}

    def _clear_compiler_caches(self) -> None:
        """Gigabytes that serve no one once nothing is left to compile.

        Nor is a cache cleared under another run, whose table may hold more tools than ours.
        """
        if self.places.making.is_dir() and any(self.places.making.iterdir()):
            return
        for for_tests, cache in ((False, self.places.go), (True, self.places.go_for_tests)):
            heavy = [t for t in self.tools if _is_heavy(t) and t.for_tests == for_tests]
            if cache.is_dir() and all(self.look(tool) for tool in heavy):
                shutil.rmtree(cache, ignore_errors=True)

    def providers(self, names: Iterable[str] | None) -> list[Tool]:
        """The tools that provide `names`, in the table's order."""
        if names is None:
            return list(self.tools)
        asked = set(names)
        known = {name for tool in self.tools for name in (tool.name, *tool.provides)}
        if unknown := sorted(asked - known):
            raise ToolchainError(
                "\n".join(
                    f"no tool is called {name}; did you mean {_nearest(name, known)}?"
                    for name in unknown
                )
            )
        return [tool for tool in self.tools if asked & {tool.name, *tool.provides}]

    def look(self, tool: Tool) -> Taken | None:
        """What is there already, without making or fetching anything."""
        here = [way for way in tool.ways if isinstance(way, Installed)]
        made = [way for way in tool.ways if not isinstance(way, Installed)]
        for way in here:
            with contextlib.suppress(WayError):
                return self._installed(tool, way)
        return next((taken for way in made if (taken := self._made(tool, way))), None)

    def _installed(self, tool: Tool, way: Installed) -> Taken:
        found = installed.find(tool, way, self.machine.path, self.places.root)
        where = f"found at {found.where}"
        return Taken(tool.name, found.version, way_name(way), where, found.paths)

    def _made(self, tool: Tool, way: Way) -> Taken | None:
        folder = self.places.tools / folder_name(tool, way, self.machine)
        paths = {name: folder / place for name, place in tool.provides.items()}
        if not all(path.exists() for path in (folder / RECORD, *paths.values())):
            return None
        told = json.loads((folder / RECORD).read_text())
        return Taken(
            tool.name, told["version"], told["way"], told["why"], paths, folder, told["seconds"]
        )

    def _attempt(self, tool: Tool, progress: Progress, failures: list[str]) -> Taken | None:
        try:
            taken = self._obtain(tool, progress)
        except ToolchainError as error:
            progress.fail(tool.name, str(error).splitlines()[0])
            failures.append(str(error))
            return None
        progress.done(tool.name, f"{taken.version} ({taken.way}; {taken.why})")
        return taken

    def _obtain(self, tool: Tool, progress: Progress) -> Taken:
        progress.start(tool.name)
        if taken := self.look(tool):
            return taken
        say = self._teller(tool, progress)
        with locked(self.places.locks / tool.name, lambda: say("waiting for another run's making")):
            return self.look(tool) or self._make(tool, progress)

    def _teller(self, tool: Tool, progress: Progress) -> Say:
        def say(what: str, share: float | None = None) -> None:
            self.children.check()
            progress.say(tool.name, what, share)

        return say

    def _make(self, tool: Tool, progress: Progress) -> Taken:
        tried: list[str] = []
        output = ""
        for way in tool.ways:
            try:
                if isinstance(way, Installed):
                    return self._installed(tool, way)
                self._make_by(tool, way, progress, tried)
            except WayError as error:
                tried.append(error.reason)
                output = error.output or output
                continue
            if taken := self._made(tool, way):
                return taken
            tried.append(f"{way_name(way)}: the result lacks {', '.join(tool.provides)}")
        raise ToolchainError(failure(tool, tried, output, self.places.logs / f"{tool.name}.log"))

    def _make_by(self, tool: Tool, way: Way, progress: Progress, tried: list[str]) -> None:
        """Make the tool beside its place and move it there whole."""
        started = time.monotonic()
        home = self.places.tools / folder_name(tool, way, self.machine)
        log = self.places.logs / f"{tool.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with _fresh_folder(self.places.making, tool.name) as folder:
            into, scratch = folder / "tool", folder / "scratch"
            into.mkdir()
            scratch.mkdir()
            say = self._teller(tool, progress)
            job = Job(
                tool, into, home, scratch, log, self.places, self.machine.arch, say,
                self._need, self.children,
            )  # fmt: skip
            version = ways.obtain(way, job)
            record = {
                "tool": tool.name,
                "version": version,
                "way": way_name(way),
                "why": "; ".join(tried) or "first choice",
                "seconds": round(time.monotonic() - started, 1),
                "source": ways.source(way),
                "made": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            (into / RECORD).write_text(json.dumps(record, indent=2) + "\n")
            if home.exists():  # incomplete, or `look` had taken it
                shutil.rmtree(home)
            into.rename(home)

    def _need(self, name: str) -> Path:
        """A tool that a way stands on; its failure is that way's failure."""
        (tool,) = self.providers([name])
        try:
            return self._obtain(tool, SILENT).paths[name]
        except ToolchainError as error:
            raise WayError(f"{name} could not be had: {error}") from error

    def _link(self, done: list[Taken]) -> None:
        self.places.bin.mkdir(parents=True, exist_ok=True)
        hidden = {tool.name for tool in self.tools if tool.for_tests}
        for taken in done:
            if taken.tool in hidden:
                continue
            for name, path in taken.paths.items():
                if taken.folder and path.is_file():
                    link = self.places.bin / f".{name}.{time.monotonic_ns()}"
                    link.symlink_to(path)
                    link.rename(self.places.bin / name)


def _nearest(name: str, known: Iterable[str]) -> str:
    return max(known, key=lambda other: difflib.SequenceMatcher(None, name, other).ratio())


def _is_heavy(tool: Tool) -> bool:
    """Whether a compiler may run for it."""
    return any(
        module.packages for way in tool.ways if isinstance(way, GoBuild) for module in way.modules
    )


@contextlib.contextmanager
def _fresh_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder that goes away; also what killed runs left for the same tool, whose lock is held."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{name}@*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}@", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def failure(tool: Tool, tried: list[str], output: str, log: Path) -> str:
    lines = [f"{tool.name} could not be had.", *(f"  tried: {reason}" for reason in tried)]
    if output:
        lines += ["  its last words:", *(f"    {line}" for line in output.splitlines())]
    programs = ", ".join(tool.provides)
    lines += [
        f"  the whole output is in {log}",
        f"  what to do: mend the cause and run again (what is done is kept), or put {programs} "
        "on PATH in a version that suits",
    ]
    return "\n".join(lines)
