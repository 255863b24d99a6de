"""`ekiben env`: shell lines for running `pulumi` and `kubectl` by hand."""

import shlex
import sys

from .failure import Failure
from .options import Stack, load_stack, project_root


def env(stack: Stack = "local") -> None:
    """Print what a shell needs to run pulumi and kubectl: eval "$(ekiben env)"."""
    # Here and not above, where every command would wait for what only this one needs.
    from local.toolchain import ToolchainError, ensure
    from local.toolchain.progress import shown

    from .machine import TOOLS, environment

    spec = load_stack(project_root(), stack)
    try:
        with shown(sys.stderr) as progress:
            tools = ensure(TOOLS, progress)
    except ToolchainError as error:
        raise Failure(str(error)) from None
    for name, value in environment(spec, tools).items():
        print(f"export {name}={shlex.quote(value)}")
