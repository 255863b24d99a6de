"""Reads what failed tools printed: the resolver's reason, the model's own traceback. Pure."""

import json
import re
from collections.abc import Sequence
from typing import Any

from .containerfile import SOURCES

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BUILDKIT = re.compile(r"^#\d+ (?:\d+\.\d+ )?")
_FRAME = re.compile(r'^( *)File "(?P<file>[^"]+)", line (?P<line>\d+)(?P<rest>.*)$')
_CROSS = "\N{MULTIPLICATION SIGN}"
_BOX = re.compile(rf"^[\s│]*[{_CROSS}╰├─▶╯>-]*[─▶]*\s*")
_TRACE = "Traceback (most recent call last):"
_CHAIN = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
VERDICT = '{"ekiben"'
ENDS = ("Error: building at STEP", "subprocess exited with", "ERROR: ", "------", VERDICT)
OURS = ("ekiben_entry.py", "ekiben_runtime/")


def plain(lines: Sequence[str]) -> list[str]:
    """Lines without colours and without BuildKit's prefixes."""
    return [_BUILDKIT.sub("", _ANSI.sub("", line)).rstrip() for line in lines]


def resolver_reason(lines: Sequence[str]) -> str:
    """Why uv could not install, as one paragraph; empty when it did not say so.

    uv draws a small tree: a line with a cross for what failed, then branches for the causes and
    hints, wrapped at the terminal's width.
    """
    said = plain(lines)
    starts = [n for n, line in enumerate(said) if line.lstrip().startswith((_CROSS, "error:"))]
    if not starts:
        return ""
    parts: list[str] = []
    for line in said[starts[-1] :]:
        if not line.strip() or line.startswith("Error: building at STEP"):
            if parts and not line.strip() and line != said[-1]:
                continue
            break
        parts.append(_BOX.sub("", line).removeprefix("error:").strip())
    return " ".join(part for part in parts if part)


def traceback_of(lines: Sequence[str], folder: str) -> list[str]:
    """The last traceback with the frames of the model's code only; empty when there is none.

    Paths are shown as in the project: `folder` is the model's folder there (models/iris).
    """
    said = plain(lines)
    starts = [n for n, line in enumerate(said) if line.strip().endswith(_TRACE)]
    if not starts:
        return []
    begin = _chain_start(said, starts)
    return _cut(said[begin:], folder)


def _chain_start(said: list[str], starts: list[int]) -> int:
    """The first traceback of the chain that the last one closes."""
    begin = starts[-1]
    for before in reversed(starts[:-1]):
        if not any(line.strip() in _CHAIN for line in said[before:begin]):
            break
        begin = before
    return begin


def _cut(said: list[str], folder: str) -> list[str]:
    kept: list[str] = []
    frame_kept = False
    for line in said:
        frame = _FRAME.match(line)
        if frame:
            frame_kept = _is_theirs(frame["file"])
            shown = frame["file"].replace(f"{SOURCES}/", f"{folder}/")
            kept += [f'  File "{shown}", line {frame["line"]}{frame["rest"]}'] if frame_kept else []
        elif line.startswith("    "):
            kept += [line] if frame_kept and set(line.strip()) - set("^~ ") else []
        elif _is_end(line):
            break
        elif line.strip() and not line.endswith(_TRACE):
            frame_kept = False
            kept.append(line.strip())
    return kept


def _is_theirs(file: str) -> bool:
    return file.startswith(f"{SOURCES}/") and not file.removeprefix(f"{SOURCES}/").startswith(OURS)


def _is_end(line: str) -> bool:
    """Lines of the builder, or a verdict, after the program's own."""
    return line.startswith(ENDS)


def missing_module(traceback: Sequence[str]) -> str:
    """The top-level name of a module that could not be imported, if that is what went wrong."""
    last = next((line for line in reversed(traceback) if "No module named" in line), "")
    found = re.search(r"No module named '([^'.]+)", last)
    return found[1] if found else ""


def verdict_of(lines: Sequence[str]) -> dict[str, Any]:
    """What the step's script said of itself, empty when it never came to that."""
    for line in reversed(plain(lines)):
        if line.startswith(VERDICT):
            verdict: dict[str, Any] = json.loads(line)["ekiben"]
            return verdict
    return {}


def last_lines(lines: Sequence[str], count: int = 15) -> list[str]:
    """The last lines the model's own process printed."""
    said = [line for line in plain(lines) if line.strip() and not _is_end(line)]
    return said[-count:]
