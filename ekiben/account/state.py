"""The bucket that stacks keep their state in, and the key that their secrets are encrypted with.

Everything may be run again: what is there is looked at, what differs is set.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ekiben.plan.eks.names import MANAGED_BY
from ekiben.plan.eks.policy import Document, document, only_by_tls

ALIAS = "alias/ekiben-state"
OLD_VERSIONS_DAYS = 365
"""How long a version of the state that is no longer the current one is kept."""

Say = Callable[[str], None]


class AccountError(Exception):
    """AWS refused, or something of that name is somebody else's; says what to do."""


@dataclass(frozen=True, kw_only=True)
class StateHome:
    """Where stacks of an account and region keep their state."""

    account: str
    region: str
    partition: str

    @property
    def bucket(self) -> str:
        """Unique among all accounts by the account's number."""
        return f"ekiben-state-{self.account}-{self.region}"

    @property
    def backend(self) -> str:
        """For PULUMI_BACKEND_URL."""
        return f"s3://{self.bucket}?region={self.region}"

    @property
    def secrets_provider(self) -> str:
        """For `pulumi stack init --secrets-provider`."""
        return f"awskms://{ALIAS}?region={self.region}"


def bucket_policy(home: StateHome) -> Document:
    """Nobody without TLS."""
    bucket = f"arn:{home.partition}:s3:::{home.bucket}"
    return document(only_by_tls("OnlyTls", ["s3:*"], [bucket, f"{bucket}/*"]))


def make(home: StateHome, client: Callable[[str], Any], say: Say) -> None:
    """Makes key and bucket, or brings those that are there to what they should be.

    `client` gives boto3's client of a service in the region. Raises AccountError.
    """
    key = _key(client("kms"), say)
    _bucket(home, client("s3"), say)
    _settings(home, client("s3"), key)
    say(f"bucket {home.bucket}: private, versioned, encrypted, by TLS only")


def _key(kms: Any, say: Say) -> str:
    """The ARN of the key behind the alias."""
    pages = kms.get_paginator("list_aliases").paginate()
    aliases = [alias for page in pages for alias in page["Aliases"]]
    there = next((alias for alias in aliases if alias["AliasName"] == ALIAS), None)
    if there:
        found = kms.describe_key(KeyId=there["TargetKeyId"])["KeyMetadata"]
        if found["KeyState"] != "Enabled":
            raise AccountError(
                f"the key behind {ALIAS} is {found['KeyState']}; enable it, or take its deletion"
                " back (`aws kms cancel-key-deletion`): without it the secrets of all stacks here"
                " are lost"
            )
        say(f"key {ALIAS} is there")
    else:
        tags = [{"TagKey": MANAGED_BY, "TagValue": "ekiben"}]
        found = kms.create_key(Description="Secrets and state of Pulumi stacks", Tags=tags)[
            "KeyMetadata"
        ]
        kms.create_alias(AliasName=ALIAS, TargetKeyId=found["KeyId"])
        say(f"made the key {ALIAS}")
    kms.enable_key_rotation(KeyId=found["KeyId"])
    return str(found["Arn"])


def _bucket(home: StateHome, s3: Any, say: Say) -> None:
    from botocore.exceptions import ClientError

    try:
        s3.head_bucket(Bucket=home.bucket, ExpectedBucketOwner=home.account)
        say(f"bucket {home.bucket} is there")
        return
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status != 404:
        raise AccountError(
            f"the bucket {home.bucket} is there and not in the reach of this account (HTTP"
            f" {status}); sign in as somebody who may use it"
        )
    # The oldest region is the one that must not be named.
    where = {"LocationConstraint": home.region}
    place = {} if home.region == "us-east-1" else {"CreateBucketConfiguration": where}
    s3.create_bucket(Bucket=home.bucket, ObjectOwnership="BucketOwnerEnforced", **place)
    say(f"made the bucket {home.bucket}")


def _settings(home: StateHome, s3: Any, key: str) -> None:
    bucket = {"Bucket": home.bucket, "ExpectedBucketOwner": home.account}
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(
        **bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True)
    )
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
    }
    s3.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_policy(**bucket, Policy=json.dumps(bucket_policy(home)))
    s3.put_bucket_lifecycle_configuration(
        **bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "old-versions",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSIONS_DAYS},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                }
            ]
        },
    )
