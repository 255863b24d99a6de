"""Reads what failed tools printed: the resolver's reason, the model's own traceback. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from .containerfile import SOURCES

VERDICT = '{"ekiben"'
ENDS = ("Error: building at STEP", "subprocess exited with", "ERROR: ", "------", VERDICT)
"""How lines begin that a builder, or a step's script, adds after a program's own."""

GAVE_UP, STEP_FAILED = "ERROR: ", "did not complete successfully"
"""BuildKit's last line, and what it says where a step's program failed."""

OURS = ("ekiben_entry.py", "ekiben_runtime/")
TRACE = "Traceback (most recent call last):"
CHAIN = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BUILDKIT = re.compile(r"^#\d+ (?:\d+\.\d+ ?)?")
_OUTPUT = re.compile(r"^#\d+ \d+\.\d+ ?")
_SOLVE = re.compile(r"^ERROR: (?:failed to build: )?(?:failed to solve: )?")
_LOGGED = re.compile(r'^time="[^"]*" level=\w+ msg="(?P<said>.*)"$')
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?P<rest>.*)$')
_STEP = re.compile(r"^(\[\d+/\d+\] (STEP|COMMIT)|--> Using cache)")
_LOG = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_CROSS = "\N{MULTIPLICATION SIGN}"
_MARKS = re.compile(rf"^[\s│╰├─▶╯{_CROSS}]*(?:error:|cause:)?\s*")


def plain(lines: Iterable[str]) -> list[str]:
    """What programs said: without colours, without skopeo's wrapping, and of BuildKit's report the
    output of steps alone, once there is any. It is repeated in part where the report ends."""
    bare = [_ANSI.sub("", line).rstrip() for line in lines]
    if any(_OUTPUT.match(line) for line in bare):
        bare = [line for line in bare if _OUTPUT.match(line)]
    return [_unwrapped(_BUILDKIT.sub("", line)) for line in bare]


def builder_reason(lines: Sequence[str]) -> str:
    """Why BuildKit gave up where no program in a step failed; empty where one did."""
    bare = [_ANSI.sub("", line).rstrip() for line in lines]
    if not any(_BUILDKIT.match(line) for line in bare):
        return ""
    last = next((line for line in reversed(bare) if line.startswith(GAVE_UP)), "")
    return "" if STEP_FAILED in last else _SOLVE.sub("", last)


def _unwrapped(line: str) -> str:
    logged = _LOGGED.match(line)
    return logged["said"].replace('\\"', '"') if logged else line


def verdict_of(lines: Sequence[str]) -> dict[str, Any]:
    """What the step's script said of itself, empty when it never came to that."""
    for line in reversed(plain(lines)):
        if line.startswith(VERDICT):
            verdict: dict[str, Any] = json.loads(line)["ekiben"]
            return verdict
    return {}


def resolver_reason(lines: Sequence[str]) -> list[str]:
    """Why uv could not install: what failed, then its causes and hints; empty if it did not say."""
    said = plain(lines)
    starts = [n for n, line in enumerate(said) if line.lstrip().startswith((_CROSS, "error:"))]
    if not starts:
        return []
    own = _until_end(said[starts[-1] :])
    return [text for line in _without_frames(own) if (text := _MARKS.sub("", line))]


def traceback_of(lines: Sequence[str], folder: str) -> list[str]:
    """The last traceback through the model's code, with no frames but its own; else the last one.

    Paths are shown as in the project: `folder` is the model's folder there (models/iris).
    """
    traces = [_cut(trace, folder) for trace in _traces(plain(lines))]
    theirs = [trace for trace in traces if any(line.startswith("  File") for line in trace)]
    return (theirs or traces or [[]])[-1]


def missing_module(traceback: Sequence[str]) -> str:
    """The top-level name of a module that could not be imported, if that is what went wrong."""
    last = next((line for line in reversed(traceback) if "No module named" in line), "")
    found = re.search(r"No module named '([^'.]+)", last)
    return found[1] if found else ""


def last_lines(lines: Sequence[str], count: int = 10) -> list[str]:
    """The last lines the program printed by itself, without frames of tracebacks or repeats."""
    said = [line for line in plain(lines) if line.strip() and not _is_builders(line)]
    own = _without_frames(said)
    return [line for before, line in pairwise(["", *own]) if line != before][-count:]


def _traces(said: list[str]) -> list[list[str]]:
    """Every traceback; those that one exception raised while handling another are one."""
    starts = [n for n, line in enumerate(said) if line.endswith(TRACE)]
    traces: list[list[str]] = []
    for start, following in pairwise([*starts, len(said)]):
        lines = said[start:following]
        if traces and any(line.strip() in CHAIN for line in traces[-1]):
            traces[-1] = [*(line for line in traces[-1] if line.strip() not in CHAIN), *lines]
        else:
            traces.append(lines)
    return traces


def _cut(trace: list[str], folder: str) -> list[str]:
    kept: list[str] = []
    frame_kept = False
    for line in _until_end(trace):
        frame = _FRAME.match(line)
        if frame:
            frame_kept = _is_theirs(frame["file"])
            shown = frame["file"].replace(f"{SOURCES}/", f"{folder}/")
            kept += [f'  File "{shown}", line {frame["line"]}{frame["rest"]}'] if frame_kept else []
        elif line.startswith("    "):
            kept += [line] if frame_kept and not _is_marker(line) else []
        elif not line.endswith(TRACE) and line.strip():
            kept.append(line.strip())
    return kept


def _until_end(lines: list[str]) -> list[str]:
    """The lines before the first one that a logger or the builder wrote."""
    for number, line in enumerate(lines[1:], 1):
        if line.startswith(ENDS) or _LOG.match(line):
            return lines[:number]
    return lines


def _without_frames(lines: list[str]) -> list[str]:
    """Lines without the inside of tracebacks: the exception itself stays."""
    kept: list[str] = []
    indent: int | None = None
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if line.endswith(TRACE):
            indent = depth
        elif indent is None or depth <= indent:
            indent = None
            kept += [line] if line.strip() and line.strip() not in CHAIN else []
    return kept


def _is_builders(line: str) -> bool:
    return line.startswith(ENDS) or bool(_STEP.match(line))


def _is_theirs(file: str) -> bool:
    return file.startswith(f"{SOURCES}/") and not file.removeprefix(f"{SOURCES}/").startswith(OURS)


def _is_marker(line: str) -> bool:
    return not set(line.strip()) - set("^~ ")
