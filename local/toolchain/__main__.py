"""`python -m local.toolchain`: have the tools, tell of them, or clear them away."""

from __future__ import annotations

import argparse
import shutil
import sys

from local.toolchain.ensure import Toolchain
from local.toolchain.errors import ToolchainError
from local.toolchain.progress import shown
from local.toolchain.status import show, status

INTERRUPTED = 130


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.toolchain", description=__doc__)
    parser.add_argument("names", nargs="*", help="tools or programs; all when none is named")
    parser.add_argument("--status", action="store_true", help="only tell what is there")
    parser.add_argument("--clean", action="store_true", help="remove all built and fetched tools")
    asked = parser.parse_args()
    toolchain = Toolchain()
    places = toolchain.places
    if asked.clean:
        for folder in (places.tools, places.apt, places.bin, places.go):
            shutil.rmtree(folder, ignore_errors=True)
        return 0
    names = asked.names or None
    try:
        if not asked.status:
            with shown(sys.stderr) as progress:
                toolchain.ensure(names, progress)
        print(show(status(names, toolchain)))
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run again to go on", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
