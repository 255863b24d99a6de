"""`ekiben init`: what an AWS account needs once."""

import shlex
import sys
from typing import Annotated, Any

import typer

from ekiben.account.state import AccountError, StateHome, make
from ekiben.spec.arns import partition

from .failure import Failure


def init(
    region: Annotated[str, typer.Option("--region", help="AWS region of the state.")],
    profile: Annotated[
        str | None, typer.Option("--profile", help="Profile of the AWS configuration.")
    ] = None,
) -> None:
    """Make bucket and key for the state of an AWS account's stacks; may be run again.

    Prints the shell lines by which `pulumi` uses them; what was done goes to stderr.
    Exit status: 0 done; 1 AWS refused.
    """
    # Here and not above, where every command would wait for what only this one needs.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    def client(service: str) -> Any:
        return session.client(service)

    try:
        session = boto3.session.Session(profile_name=profile, region_name=region)
        account = client("sts").get_caller_identity()["Account"]
        home = StateHome(account=account, region=region, partition=partition(region))
        make(home, client, lambda line: print(line, file=sys.stderr))
    except ClientError as error:
        told = error.response["Error"]
        raise Failure(f"{error.operation_name}: {told['Code']}: {told['Message']}") from None
    except (BotoCoreError, AccountError) as error:
        raise Failure(str(error)) from None
    print(f"export PULUMI_BACKEND_URL={shlex.quote(home.backend)}")
    print(f"# pulumi stack init STACK --secrets-provider {shlex.quote(home.secrets_provider)}")
