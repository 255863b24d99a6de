"""Signing in to Amazon's registry with the AWS credentials of whoever runs the engine.

A password lasts twelve hours and is good for one account and region; it stays in a file that only
this user reads, and goes with the work that it was for.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .errors import Failure
from .source import Registry

_ADVICE = (
    "sign in to AWS (`aws sso login`, AWS_PROFILE or keys in the environment), as somebody who may"
    " push to this registry"
)


@contextmanager
def signed_in(registry: Registry) -> Iterator[Registry]:
    """The registry with credentials, where it is one of Amazon's; any other as it is.

    Raises Failure where AWS gives none.
    """
    if registry.ecr_region is None:
        yield registry
        return
    with tempfile.TemporaryDirectory(prefix="ekiben-ecr-") as folder:
        file = Path(folder) / "auth.json"
        file.touch(mode=0o600)
        auths = {registry.host: {"auth": _authorization(registry.ecr_region)}}
        file.write_text(json.dumps({"auths": auths}))
        yield replace(registry, auth_file=file)


def _authorization(region: str) -> str:
    """User and password as Docker's config.json has them."""
    # Here and not above: only images for AWS need it.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = boto3.session.Session(region_name=region)
        answer = session.client("ecr").get_authorization_token()
    except (BotoCoreError, ClientError) as error:
        raise Failure(
            "push", f"AWS gives no password for its registry in {region}: {error}", advice=_ADVICE
        ) from None
    return str(answer["authorizationData"][0]["authorizationToken"])
