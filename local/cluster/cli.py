"""The command line of the local cluster."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from local.cache import cache_root
from local.cluster.clean import clean
from local.cluster.down import down
from local.cluster.errors import ClusterError
from local.cluster.layout import DEFAULT_NAME, Layout
from local.cluster.status import show, status
from local.cluster.up import up
from local.toolchain import ToolchainError
from local.toolchain.progress import shown

_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command of `sys.argv` and exit."""
    asked = _parser().parse_args()
    try:
        sys.exit(_run(asked))
    except (ClusterError, ToolchainError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)
        sys.exit(_INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="The local cluster.")
    commands = parser.add_subparsers(dest="command", required=True)
    words = {
        "up": "start the cluster, or go on after an interruption",
        "down": "end the cluster and remove it; tools and images stay",
        "status": "what runs; exit 0 only when all is well",
    }
    everything = "remove the cache: tools, images, registries; refused while a cluster runs"
    commands.add_parser("clean", help=everything, description=everything)
    for name, help_text in words.items():
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.add_argument(
            "--cluster", default=DEFAULT_NAME, metavar="NAME", help="default: %(default)s"
        )
    commands.choices["status"].add_argument("--json", action="store_true", help="for programs")
    return parser


def _run(asked: argparse.Namespace) -> int:
    if asked.command == "clean":
        clean(cache_root())
        return 0
    layout = Layout.of_user(asked.cluster)
    if asked.command == "status":
        found = status(layout)
        print(show(found, as_json=asked.json))
        return 0 if found["healthy"] else 1
    with shown(sys.stderr) as progress:
        (up if asked.command == "up" else down)(layout, progress)
    return 0
