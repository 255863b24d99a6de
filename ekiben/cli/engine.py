"""The Pulumi engine as a program: found, prepared and run."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .failure import Failure

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Engine:
    """`pulumi` in a project's folder, for one stack."""

    root: Path
    stack: str
    environment: Mapping[str, str]

    @property
    def backend(self) -> str:
        """Where the state lies, as `PULUMI_BACKEND_URL` or the last `pulumi login` says."""
        url = self.environment.get("PULUMI_BACKEND_URL")
        return url or str(json.loads(self._said("whoami", "--verbose", "--json"))["url"])

    def select(self) -> None:
        """Makes the stack where it is new."""
        try:
            self._said("stack", "select", self.stack, "--create")
        except Failure:
            # Perhaps another run has made it meanwhile; then there is one to select now.
            self._said("stack", "select", self.stack, "--create")

    def settle(self, urn: str) -> None:
        """Clears what a killed run noted as begun, which the engine alone would warn of for ever.

        Nothing is lost by it: whatever the run has created is found when it is created again. Only
        the resource of this URN is looked at, the stack itself.
        """
        options = ("--clear-pending-creates", "--skip-preview", "--yes", "--stack", self.stack)
        self._said("refresh", "--target", urn, *options)

    def run(self, *arguments: str) -> int:
        """Runs the engine in the foreground; it ends when this process ends, however it does."""
        command = [self._program, *arguments, "--stack", self.stack]
        return subprocess.run(
            command,
            cwd=self.root,
            env=dict(self.environment),
            check=False,
            preexec_fn=partial(end_with_parent, os.getpid()),
        ).returncode

    @property
    def _program(self) -> str:
        found = shutil.which("pulumi", path=self.environment.get("PATH"))
        if not found:
            raise Failure(
                "no `pulumi` on PATH. `make up` brings its own; for a shell of your own run"
                ' `eval "$(make -s env-shell)"` first, or install Pulumi'
            )
        return found

    def _said(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._program, *arguments, "--non-interactive"],
            cwd=self.root,
            env=dict(self.environment),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Failure(f"pulumi {' '.join(arguments)} failed:\n{done.stderr.strip()}")
        return done.stdout


def end_with_parent(parent: int) -> None:
    """Asks the kernel to end this process when `parent` ends, the one that started it.

    An engine that outlives its killed parent would hold the stack's lock against the next run.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
