"""`python -m local.toolchain`: have the tools, or tell of them."""

from __future__ import annotations

import argparse
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
    asked = parser.parse_args()
    toolchain = Toolchain()
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
