"""The cluster's own key: Kubernetes secrets and logs are encrypted with it."""

from ekiben.spec.eks import EksCluster

from .names import Home, flow_log_group, log_group
from .policy import Document, document, grant
from .resource import Resource, Resources, ref

_MANAGE = (
    *("kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey"),
    *("kms:DisableKeyRotation", "kms:EnableKey", "kms:DisableKey", "kms:EnableKeyRotation"),
    *("kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:PutKeyPolicy"),
    *("kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias"),
    *("kms:UpdateKeyDescription", "kms:ListKeyPolicies", "kms:ListGrants", "kms:RevokeGrant"),
)
_USE = (
    *("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
    *("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"),
)


def key(home: Home, spec: EksCluster) -> Resources:
    return {
        "key": Resource(
            type="aws:kms/key:Key",
            properties={
                "description": f"Kubernetes secrets and logs of the EKS cluster {home.cluster}",
                "enableKeyRotation": True,
                "deletionWindowInDays": spec.encryption.deletion_window,
                "policy": _policy(home),
            },
            protect=spec.protect,
        ),
        "key-alias": Resource(
            type="aws:kms/alias:Alias",
            properties={"name": f"alias/ekiben/{home.cluster}", "targetKeyId": ref("key")},
        ),
    }


def _policy(home: Home) -> Document:
    """The account decides by IAM who may use the key; the log service may for the cluster's logs.

    In a key's own policy `*` is the key itself.
    """
    names = (log_group(home.cluster), flow_log_group(home.cluster))
    groups = [home.arn("logs", f"log-group:{name}") for name in names]
    logs = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}}
    account = {"AWS": [home.iam("root")]}
    return document(
        grant("Account", account, [*_MANAGE, *_USE, "kms:CreateGrant"], ["*"]),
        grant("Logs", {"Service": [f"logs.{home.region}.amazonaws.com"]}, _USE, ["*"], logs),
    )
