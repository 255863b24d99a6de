"""Which layer a file of the model goes into. Pure decisions; `context.py` does the copying.

From the bottom: base, requirements, large files, code. What changes often lies on top, so that an
edit of service.py moves kilobytes and leaves weights and packages where they are.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LOCK = "requirements.lock"
REQUIREMENTS = "requirements.txt"
BENTOFILE = "bentofile.yaml"

_INCLUDED = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)(?:\s+|=)(\S+)")
_LOCAL_FILE = re.compile(r"^\s*(?:file:)?((?:\./)?[\w./-]+\.(?:whl|tar\.gz|zip))\s*(?:[;#].*)?$")


@dataclass(frozen=True)
class Split:
    """Files of the model by layer, as paths relative to its folder; code and large are disjoint."""

    requirements: tuple[str, ...]
    large: tuple[str, ...]
    code: tuple[str, ...]


def split(sizes: Mapping[str, int], read: Callable[[str], str], large_file: int) -> Split:
    """Sorts the files by their size in bytes; `read` gives the text of a requirements file."""
    names = sorted(sizes)
    return Split(
        requirements=requirements_files(frozenset(names), read),
        large=tuple(name for name in names if sizes[name] >= large_file),
        code=tuple(name for name in names if sizes[name] < large_file),
    )


def requirements_files(names: frozenset[str], read: Callable[[str], str]) -> tuple[str, ...]:
    """The file to install from, and every file of the folder that it includes."""
    todo = [next((name for name in (LOCK, REQUIREMENTS) if name in names), "")]
    found: list[str] = []
    while todo:
        name = todo.pop()
        if name in names and name not in found:
            found.append(name)
            todo += _included(name, read(name)) if not _is_package(name) else []
    return tuple(sorted(found))


def _included(name: str, text: str) -> list[str]:
    matches = (_INCLUDED.match(line) or _LOCAL_FILE.match(line) for line in text.splitlines())
    folder = posixpath.dirname(name)
    return [posixpath.normpath(posixpath.join(folder, found[1])) for found in matches if found]


def _is_package(name: str) -> bool:
    return name.endswith((".whl", ".tar.gz", ".zip"))


def entry_target(bentofile: Any) -> str:
    """What the entry module opens: bentofile.yaml's `service`, else service.py's only service."""
    service = bentofile.get("service") if isinstance(bentofile, dict) else None
    if not isinstance(service, str) or not service.strip():
        return "service"
    module, _, name = service.strip().partition(":")
    module = module.removesuffix(".py").strip("./").replace("/", ".")
    return f"{module}:{name}" if name else module
