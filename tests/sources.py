"""The repository's own Python files, and what each of them imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("ekiben", "components", "provider", "local", "bench", "policy", "tests")


def sources(*folders: str) -> list[Path]:
    """Python files below the folders, and those of the root where none is named."""
    below = [path for folder in folders or FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted([*below, *([] if folders else ROOT.glob("*.py"))])


def module(path: Path) -> str:
    """`ekiben/spec/load.py` is `ekiben.spec.load`; a package is called by its folder's name."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(text: str, name: str, *, package: bool = False) -> Iterator[str]:
    """Absolute names that a module imports; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = name.split(".")[: -node.level or None] if not package else _above(name, node)
            base = [*above, node.module or ""] if node.level else [node.module or ""]
            prefix = ".".join(part for part in base if part)
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def _above(name: str, node: ast.ImportFrom) -> list[str]:
    parts = name.split(".")
    return parts[: len(parts) - node.level + 1]


def imports_of(path: Path) -> set[str]:
    return set(imports(path.read_text(), module(path), package=path.name == "__init__.py"))
