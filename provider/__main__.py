"""The provider's process: `pulumi-resource-ekiben ENGINE`, where ENGINE is the engine's address."""

import asyncio
import os
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Serve until the engine has no more use for the provider."""
    # This process starts others; gRPC's own handling of forks only logs warnings about that.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    from provider.project import find_root
    from provider.server import serve

    addresses = [argument for argument in arguments if not argument.startswith("-")]
    if len(addresses) != 1:
        print("usage: pulumi-resource-ekiben ENGINE_ADDRESS", file=sys.stderr)
        return 2
    home = Path(__file__).resolve().parent
    return asyncio.run(serve(addresses[0], find_root(Path.cwd(), home.parent)))


if __name__ == "__main__":
    # Run as a script, Python looks for modules in this folder; they are in the one above.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    sys.exit(main(sys.argv[1:]))
