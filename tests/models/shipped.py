"""The models' own environments: what a lock lists, installed once and kept in the cache."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

MODELS = Path(__file__).parents[2] / "models"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running service, the folder it was started from and the home directory it was given."""

    folder: Path
    home: Path
    client: httpx.Client

    @property
    def sample(self) -> dict[str, Any]:
        sample: dict[str, Any] = json.loads((self.folder / "sample.json").read_text())
        return sample

    def post(self, body: Any) -> httpx.Response:
        return self.client.post(self.sample["path"], json=body)


def environment(lock: Path) -> str:
    """The Python that has what the lock lists and nothing else; made once, kept in the cache."""
    key = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    venv = _cache() / "tests" / "venvs" / key
    if not venv.exists():
        venv.parent.mkdir(parents=True, exist_ok=True)
        # Made beside and renamed: a venv that is there is complete.
        beside = Path(tempfile.mkdtemp(prefix=f"{key}-", dir=venv.parent))
        try:
            _uv("venv", "--clear", "--python", "3.11", str(beside))
            options = ["--require-hashes", "--compile-bytecode", "--python", str(beside)]
            _uv("pip", "sync", *options, str(lock))
            beside.rename(venv)
        except OSError:  # another run was faster
            if not venv.exists():
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return str(venv / "bin" / "python")


def run(lock: Path, script: Path, *arguments: str, stdin: str = "") -> str:
    """What a script prints in a lock's environment."""
    done = subprocess.run(
        [environment(lock), str(script), *arguments],
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", "--no-config", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, f"uv {' '.join(arguments)}\n{done.stderr}"


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("EKIBEN_CACHE") or Path(home) / "ekiben")
