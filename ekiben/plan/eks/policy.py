"""IAM policy documents, as dicts."""

from collections.abc import Mapping, Sequence
from typing import Any

Document = dict[str, Any]
Statement = dict[str, Any]
Conditions = Mapping[str, Mapping[str, Any]]

VERSION = "2012-10-17"


def document(*statements: Statement) -> Document:
    return {"Version": VERSION, "Statement": list(statements)}


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Conditions | None = None,
) -> Statement:
    """Rights of whoever the policy is attached to."""
    given = {"Condition": dict(conditions)} if conditions else {}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
        **given,
    }


def grant(
    sid: str,
    principal: Mapping[str, Any],
    actions: Sequence[str],
    resources: Sequence[str] | None = None,
    conditions: Conditions | None = None,
) -> Statement:
    """Rights that a resource's own policy gives to `principal`."""
    to = {"Resource": list(resources)} if resources else {}
    given = {"Condition": dict(conditions)} if conditions else {}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": dict(principal),
        "Action": list(actions),
        **to,
        **given,
    }


def only_by_tls(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """Refuses everybody who does not encrypt, in a resource's own policy."""
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": {"AWS": ["*"]},
        "Action": list(actions),
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def trust(service: str, conditions: Conditions | None = None) -> Document:
    """Lets an AWS service take on the role."""
    return document(
        grant("Trust", {"Service": [service]}, ["sts:AssumeRole"], conditions=conditions)
    )


def pod_trust() -> Document:
    """Lets EKS hand the role to the pods that an association names."""
    return document(
        grant("Pods", {"Service": ["pods.eks.amazonaws.com"]}, ["sts:AssumeRole", "sts:TagSession"])
    )
