"""Reading the files people wrote: their names, their size, their text. Nothing else reads them."""

import os
import re
from pathlib import Path

from .cluster import STACK_PATTERN
from .document import MAX_BYTES, Node, parse
from .problems import Place, Problem, SpecError, nearest, shown

STACKS = "stacks"
MODELS = "models"
PREFIX = "ekiben:"
OUTSIDE = "is a link out of the project, which is not followed; put the thing itself there"
STACK_NAME = "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
_STACK_FILE = re.compile(rf"Pulumi\.({STACK_PATTERN.strip('^$')})\.ya?ml", re.ASCII)


def stack_names(root: Path) -> dict[str, str]:
    """The project's stacks and their files (paths relative to `root`)."""
    folder = root / STACKS
    found = (
        sorted((path.name for path in folder.iterdir()), reverse=True) if folder.is_dir() else []
    )
    matches = ((_STACK_FILE.fullmatch(name), name) for name in found)
    return {match[1]: f"{STACKS}/{name}" for match, name in matches if match}


def model_names(root: Path) -> list[str]:
    """Folders of models/ that hold a service."""
    return sorted(path.parent.name for path in (root / MODELS).glob("*/service.py"))


def read_stack(root: Path, stack: str) -> Node:
    """The stack file as written. Raises SpecError where there is none or it is not YAML."""
    known = stack_names(root)
    if stack not in known:
        raise SpecError([Problem(place=Place(file=STACKS), message=_no_stack(stack, known))])
    second = known[stack].replace(".yaml", ".yml")
    if second != known[stack] and (root / second).exists():
        message = f"the stack {stack!r} is written in {known[stack]} too; keep one of them"
        raise SpecError([Problem(place=Place(file=second), message=message)])
    return read(root, known[stack])


def _no_stack(stack: str, known: dict[str, str]) -> str:
    if not re.fullmatch(STACK_PATTERN, stack):
        return f"given the stack {shown(stack, ascii)}; expected {STACK_NAME}"
    return f"there is no Pulumi.{stack}.yaml; {nearest(stack, known)}"


def settings(document: Node) -> Node:
    """The `ekiben:` keys of a stack file without their prefix. Raises SpecError."""
    section = document.get("config") or Node({}, document.place, {})
    if not isinstance(section.value, dict):
        message = f"given {shown(section.value)}; expected keys and values"
        raise SpecError([Problem(place=section.place, key="config", message=message)])
    ours = [key for key in section.value if key.startswith(PREFIX)]
    values = {key.removeprefix(PREFIX): section.value[key] for key in ours}
    keys = {key.removeprefix(PREFIX): section.keys[key] for key in ours}
    return Node(values, section.place, keys)


def read(root: Path, file: str) -> Node:
    """The YAML file at `root/file`, an empty mapping where it is absent. Raises SpecError."""
    path, place = root / file, Place(file=file)
    if not os.path.lexists(path):
        return Node({}, place, {})
    try:
        reason = _unreadable(root, file)
        text = "" if reason else path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start}; save the file as UTF-8"
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
    if reason:
        raise SpecError([Problem(place=place, message=reason)])
    return parse(text, file)


def _unreadable(root: Path, file: str) -> str | None:
    path = root / file
    if not inside(root, file):
        return OUTSIDE
    if not path.is_file():
        return "is not a file; remove it or put one there"
    size = path.stat().st_size
    return f"the file has {size} bytes; at most {MAX_BYTES}" if size > MAX_BYTES else None


def inside(root: Path, file: str) -> bool:
    """Whether `root/file`, once every link is followed, is still in the project."""
    return Path(os.path.realpath(root / file)).is_relative_to(os.path.realpath(root))
