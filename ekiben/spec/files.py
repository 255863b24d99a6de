"""Reading the files people wrote: their names, their size, their text. Nothing else reads them."""

import re
from pathlib import Path

from .document import MAX_BYTES, Node, parse
from .problems import Place, Problem, SpecError, nearest, shown

STACKS = "stacks"
MODELS = "models"
PREFIX = "ekiben:"
_STACK_FILE = re.compile(r"Pulumi\.([A-Za-z0-9][-_.A-Za-z0-9]{0,99})\.ya?ml")


def stack_names(root: Path) -> dict[str, str]:
    """The project's stacks and their files (paths relative to `root`)."""
    folder = root / STACKS
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    matches = ((_STACK_FILE.fullmatch(path.name), path) for path in found if path.is_file())
    return {match[1]: f"{STACKS}/{path.name}" for match, path in matches if match}


def model_names(root: Path) -> list[str]:
    """Folders of models/ that hold a service."""
    return sorted(path.parent.name for path in (root / MODELS).glob("*/service.py"))


def read_stack(root: Path, stack: str) -> Node:
    """The stack file as written. Raises SpecError where there is none or it is not YAML."""
    known = stack_names(root)
    if stack not in known:
        place = Place(file=f"{STACKS}/Pulumi.{stack}.yaml")
        raise SpecError([Problem(place=place, message=f"no such stack; {nearest(stack, known)}")])
    return read(root, known[stack])


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
    path = root / file
    if not path.is_file():
        return Node({}, Place(file=file), {})
    if path.stat().st_size > MAX_BYTES:
        message = f"the file has {path.stat().st_size} bytes; at most {MAX_BYTES}"
        raise SpecError([Problem(place=Place(file=file), message=message)])
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 at byte {error.start}; save the file as UTF-8"
        raise SpecError([Problem(place=Place(file=file), message=message)]) from None
    return parse(text, file)
