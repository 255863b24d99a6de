"""`ekiben kubeconfig`: the kubeconfig of a stack's cluster on AWS."""

import yaml

from ekiben.plan.eks.kubeconfig import kubeconfig as made
from ekiben.spec import EksCluster

from .failure import Failure
from .options import Stack, load_stack, project_root


def kubeconfig(stack: Stack) -> None:
    """Print a kubeconfig for the stack's EKS cluster; it holds no secret.

    Exit status: 0 printed; 1 the stack has no such cluster, or AWS did not answer.
    """
    spec = load_stack(project_root(), stack)
    if not isinstance(spec.cluster, EksCluster) or spec.region is None:
        raise Failure(
            f"the stack {stack!r} has a cluster of kind {spec.cluster.kind}, which has a kubeconfig"
            " already; this is for kind eks"
        )
    name = spec.cluster.name or spec.platform or spec.name
    server, authority = described(name, spec.region)
    print(yaml.safe_dump(made(name, spec.region, server, authority), sort_keys=False), end="")


def described(cluster: str, region: str) -> tuple[str, str]:
    """Address and certificate authority of an EKS cluster. Raises Failure."""
    # Here and not above, where every command would wait for what only this one needs.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = boto3.client("eks", region_name=region).describe_cluster(name=cluster)["cluster"]
    except ClientError as error:
        told = error.response["Error"]
        raise Failure(f"cluster {cluster} in {region}: {told['Code']}: {told['Message']}") from None
    except BotoCoreError as error:
        raise Failure(f"cluster {cluster} in {region}: {error}") from None
    if "endpoint" not in found:
        raise Failure(f"cluster {cluster} in {region} is {found['status']} and has no address yet")
    return found["endpoint"], found["certificateAuthority"]["data"]
