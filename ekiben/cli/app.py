"""The command line: its commands and what happens to a person's mistake."""

import sys

import typer

from ekiben.spec import SpecError

from . import env, get, init, kubeconfig, lock, plan, token, up
from .failure import Failure

app = typer.Typer(
    name="ekiben",
    help="Trained models as web services on Kubernetes. `pulumi` does the work; this prepares it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("plan")(plan.plan)
app.command("up")(up.up)
app.command("get")(get.get)
app.command("lock")(lock.lock)
app.command("env")(env.env)
app.command("init")(init.init)
app.command("token")(token.token)
app.command("kubeconfig")(kubeconfig.kubeconfig)


def main() -> None:
    """Runs a command; exits with 0 done, 1 refused or failed (reasons on stderr), 2 misused."""
    try:
        app()
    except SpecError as error:
        count = len(error.problems)
        print(error, file=sys.stderr)
        print(f"{count} problem{'s' if count > 1 else ''}; nothing was done.", file=sys.stderr)
        sys.exit(1)
    except Failure as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
