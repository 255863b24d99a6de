"""Where numbers go: a file for each benchmark, with the machine that gave them."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """The least, the middle and the greatest of a measurement's runs."""
    found = {"min": min(values), "median": statistics.median(values), "max": max(values)}
    return {key: round(value, digits) for key, value in found.items()}


def machine() -> dict[str, Any]:
    """What gave the numbers, and how busy it was."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30),
        "load_15_minutes": round(os.getloadavg()[2], 1),
        "python": platform.python_version(),
    }


def kept(name: str) -> dict[str, Any]:
    """What was written last; nothing where there was no run."""
    file = FOLDER / f"{name}.json"
    return dict(json.loads(file.read_text())) if file.is_file() else {}


def write(name: str, result: dict[str, Any]) -> None:
    """Writes and prints a result with the machine that gave it."""
    text = json.dumps({**result, "machine": machine()}, indent=2)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(text + "\n")
    print(text)


def say(line: str) -> None:
    """Progress, for whoever waits."""
    print(line, file=sys.stderr, flush=True)
