"""A copy of this checkout, as a fresh clone of it would be."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copy(target: Path) -> None:
    """Copies what git knows or would take up, and links the environment that `make env` made."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, found.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / ".venv").symlink_to(ROOT / ".venv")
