"""Where the project is: folders in inputs are relative to it, so that state fits any checkout."""

from pathlib import Path

_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")


def find_root(working: Path, home: Path) -> Path:
    """The folder of the nearest project file at or above `working`, as the engine finds it.

    The engine starts a plugin in the program's folder. `home`, the folder that holds the
    provider, stands in where no project file is found (a debugger's attached provider).
    """
    for folder in (working, *working.parents):
        if any((folder / name).is_file() for name in _PROJECT_FILES):
            return folder
    return home
