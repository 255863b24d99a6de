"""`ekiben token`: the exec plugin by which kubectl and Pulumi enter an EKS cluster.

A token is a request to STS, signed and sent by nobody: EKS sends it on and learns who signed it
(https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html). It needs the AWS credentials
of whoever asks, and no AWS command line.
"""

import base64
import datetime
import json
from typing import Annotated

import typer

from .failure import Failure

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
URL_SECONDS = 60
"""What EKS asks for in the request."""

VALID = datetime.timedelta(minutes=14)
"""EKS takes a token for 15 minutes; a new one is made a minute before."""


def token(
    cluster: Annotated[str, typer.Option("--cluster", help="Name of the EKS cluster.")],
    region: Annotated[str, typer.Option("--region", help="Its AWS region.")],
    profile: Annotated[
        str | None, typer.Option("--profile", help="Profile of the AWS configuration.")
    ] = None,
) -> None:
    """Print a token for an EKS cluster, as an ExecCredential of client.authentication.k8s.io.

    Exit status: 0 printed; 1 no AWS credentials were found.
    """
    until = datetime.datetime.now(datetime.UTC) + VALID
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {},
        "status": {
            "expirationTimestamp": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "token": signed(cluster, region, profile),
        },
    }
    print(json.dumps(credential))


def signed(cluster: str, region: str, profile: str | None = None) -> str:
    """A token of the credentials that AWS's own rules find. Raises Failure."""
    # Here and not above, where every command would wait for what only this one needs.
    import botocore.session
    from botocore.exceptions import BotoCoreError
    from botocore.signers import RequestSigner

    try:
        session = botocore.session.Session(profile=profile)
        credentials = session.get_credentials()
        if credentials is None:
            raise Failure(
                "no AWS credentials were found; set AWS_PROFILE or AWS_ACCESS_KEY_ID and"
                " AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`"
            )
        client = session.create_client("sts", region_name=region)
        signer = RequestSigner(
            client.meta.service_model.service_id,
            region,
            "sts",
            "v4",
            credentials,
            session.get_component("event_emitter"),
        )
        url = signer.generate_presigned_url(
            {
                "method": "GET",
                "url": f"{client.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
                "body": {},
                "headers": {CLUSTER_HEADER: cluster},
                "context": {},
            },
            region_name=region,
            expires_in=URL_SECONDS,
            operation_name="",
        )
    except BotoCoreError as error:
        raise Failure(f"no token for the cluster {cluster} in {region}: {error}") from None
    return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
