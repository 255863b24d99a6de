"""The ways to a tool, one module each."""

from __future__ import annotations

from local.toolchain.errors import WayError
from local.toolchain.job import Job
from local.toolchain.recipe import Debian, Download, GoBuild, Installed, Way, Wheel
from local.toolchain.ways import debian, download, go_module, pypi


def obtain(way: Way, job: Job) -> str:
    """Fill the job's folder; the version that came out."""
    match way:
        case Download():
            return download.obtain(way, job)
        case Debian():
            return debian.obtain(way, job)
        case Wheel():
            return pypi.obtain(way, job)
        case GoBuild():
            return go_module.obtain(way, job)
        case Installed():
            raise WayError("what is installed is not made")


def source(way: Way) -> str:
    """Where a tool came from, in words that a person can look up."""
    match way:
        case Download():
            return " ".join(remote.url for remote in way.files)
        case Debian():
            return "Debian packages " + " ".join(way.packages)
        case Wheel():
            return f"PyPI {way.project} {way.version}"
        case GoBuild():
            packages = [p for module in way.modules for p in module.packages or (module.folder,)]
            return "Go packages " + " ".join(packages)
        case Installed():
            return "this machine"
