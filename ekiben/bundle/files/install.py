"""Build step of the `requirements` stage: the model's environment, installed by uv.

A lock is installed as it stands, hashes enforced, from uv's cache alone where that has it all;
otherwise requirements.txt is resolved together with the floor that Ekiben needs of BentoML.
"""

import compileall
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

MOUNTED = Path("/run/ekiben")
FILES = MOUNTED / "requirements"
CERTIFICATES = MOUNTED / "certificates.pem"
RUNTIME = "/opt/ekiben"
TESTS = re.compile(r"/tests?/")
"""Tests of packages: a third of numpy's code, and no service imports them."""

UNREACHABLE = ("error sending request", "Failed to fetch", "dns error", "tcp connect")


def main(venv: str, floor: str) -> int:
    certificates = {"SSL_CERT_FILE": str(CERTIFICATES)} if CERTIFICATES.stat().st_size else {}
    environ = {
        **os.environ,
        **certificates,
        "UV_CACHE_DIR": str(MOUNTED / "cache"),
        "UV_CONFIG_FILE": str(MOUNTED / "uv.toml"),
        "UV_LINK_MODE": "copy",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
    }
    _uv(["venv", "--quiet", "--python", sys.executable, venv], environ)
    code = _install(venv, floor, environ)
    if not code:
        _finish(Path(venv))
    return code


def _install(venv: str, floor: str, environ: dict[str, str]) -> int:
    """Installs; gives uv's exit status. Ranges are resolved online first, so that they give what
    is newest, and from the cache only where there is no way out."""
    environ = {**environ, "VIRTUAL_ENV": venv}
    lock, listed = FILES / "requirements.lock", FILES / "requirements.txt"
    if lock.exists():
        command = ["pip", "sync", "--require-hashes", str(lock)]
        code, _ = _uv([*command, "--offline"], environ)
        return code and _uv(command, environ)[0]
    command = ["pip", "install", *(["-r", str(listed)] if listed.exists() else []), floor]
    code, reason = _uv(command, environ)
    if code and any(word in reason for word in UNREACHABLE):
        offline, _ = _uv([*command, "--offline"], environ)
        # When the cache was not enough either, the last thing said must be the first reason.
        return offline and _uv(command, environ)[0]
    return code


def _uv(arguments: list[str], environ: dict[str, str]) -> tuple[int, str]:
    command = [str(MOUNTED / "uv" / "uv"), *arguments]
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    done = subprocess.run(command, env=environ, cwd=FILES, stdout=pipe, stderr=both, text=True)
    print(done.stdout, flush=True)
    return done.returncode, done.stdout


def _finish(venv: Path) -> None:
    """Makes the runtime importable and everything compiled; leaves nothing that differs by run."""
    packages = next(venv.glob("lib/python*/site-packages"))
    (packages / "ekiben_runtime.pth").write_text(f"{RUNTIME}\n")
    for name in ("CACHEDIR.TAG", ".gitignore", ".lock"):
        (venv / name).unlink(missing_ok=True)
    compileall.compile_dir(
        packages,
        rx=TESTS,
        quiet=2,
        workers=0,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    for leftover in Path("/tmp").iterdir():
        shutil.rmtree(leftover, ignore_errors=True)
    for path in [venv, *venv.rglob("*")]:
        os.utime(path, (0, 0), follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
