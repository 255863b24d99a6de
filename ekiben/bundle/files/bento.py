"""Build step of the `bento` stage: builds the Bento and lays out what the image gets of it.

Runs as the service's user, without a network, with the model's own requirements: building imports
the model's service.py. Large files are in place but are left out of the result, they have a layer
of their own.
"""

import compileall
import importlib
import json
import os
import re
import shutil
import sys
import traceback
from pathlib import Path
from py_compile import PycInvalidationMode

MOUNTED = Path("/run/ekiben")
SOURCES = Path("/app/bento/src")
RUNTIME = Path("/opt/ekiben/ekiben_runtime")
OUT = Path("/tmp/out")
ENTRY = "ekiben_entry"


def main(name: str, version: str) -> int:
    """Builds it. Where the model's code raises at import, a verdict follows its traceback."""
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())  # one pipe, so that the order stays
    os.chdir(SOURCES)
    sys.path.insert(0, str(SOURCES))
    try:
        importlib.import_module(ENTRY)
    except BaseException:
        traceback.print_exc()
        print(json.dumps({"ekiben": {"cause": "import"}}), flush=True)
        return 1
    # Found only here, in the model's own environment.
    os.environ["PATH"] += f":{MOUNTED / 'uv'}"
    bentoml = importlib.import_module("bentoml")
    large: list[str] = json.loads((MOUNTED / "meta" / "large.json").read_text())
    bento = bentoml.build(
        f"{ENTRY}:service",
        name=name,
        version=version,
        build_ctx=str(SOURCES),
        exclude=[_pattern(path) for path in large],
        python={"lock_packages": False, **_requirements()},
    )
    _lay_out(Path(bento.path))
    return 0


def _requirements() -> dict[str, str]:
    for name in ("requirements.lock", "requirements.txt"):
        if Path(name).exists():
            return {"requirements_txt": name}
    return {}


def _pattern(path: str) -> str:
    """Matches exactly this file, whatever characters its name has."""
    return "/" + re.sub(r"([\\*?\[\]!# ])", r"\\\1", path)


def _lay_out(bento: Path) -> None:
    """What the image gets, in the places it gets it, free of the time it was built."""
    app, runtime = OUT / "app" / "bento", OUT / RUNTIME.relative_to("/")
    shutil.copytree(bento, app)
    shutil.copytree(RUNTIME, runtime)
    described = app / "bento.yaml"
    text = described.read_text()
    fixed = re.sub(r"(?m)^creation_time:.*$", "creation_time: '1970-01-01T00:00:00+00:00'", text)
    described.write_text(fixed)
    for folder, place in ((app / "src", SOURCES), (runtime, RUNTIME)):
        compileall.compile_dir(
            folder,
            ddir=str(place),
            quiet=2,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
    for path in [OUT, *OUT.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (0, 0))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
