"""`ekiben lock`: pins what a model's image installs."""

import subprocess
import sys
from typing import Annotated

import typer

from ekiben.spec import SpecError
from ekiben.spec.files import MODELS, model_names
from ekiben.spec.problems import Place, Problem, nearest

from .failure import Failure
from .options import project_root

EXCLUDED = "requirements-exclude.txt"
"""What packages of requirements.txt ask for and the model has no use for."""

Model = Annotated[str, typer.Argument(help="Folder under models/.")]


def lock(model: Model) -> None:
    """Resolve a model's requirements.txt into requirements.lock, with hashes.

    Images are made from the lock where there is one, so that they hold the same on every machine.
    Packages named in requirements-exclude.txt are left out.
    """
    root = project_root()
    known = model_names(root)
    if model not in known:
        place = Place(file=f"{MODELS}/{model}")
        raise SpecError([Problem(place=place, message=f"no such model; {nearest(model, known)}")])
    folder = root / MODELS / model
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"]
    command += ["--custom-compile-command", f"ekiben lock {model}"]
    command += ["--excludes", EXCLUDED] if (folder / EXCLUDED).is_file() else []
    command += ["requirements.txt", "--output-file", "requirements.lock"]
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode:
        raise Failure(f"{MODELS}/{model}/requirements.txt could not be resolved (reason above)")
    print(f"wrote {MODELS}/{model}/requirements.lock")
