"""`ekiben init` on a fake AWS: from an empty account to a place for the state, and again."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.running import FakeAws, in_this_process
from tests.eks.iam import allows

pytestmark = pytest.mark.fake

BUCKET = "ekiben-state-123456789012-eu-central-1"
REGION = "eu-central-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    with in_this_process() as running:
        yield running


def init(aws: FakeAws, **environment: str) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": "A" * 20, "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
    return subprocess.run(
        [sys.executable, "-m", "ekiben", "init", "--region", REGION],
        cwd=Path(__file__).parents[2],
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": aws.url,
            **keys,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_account_gets_a_bucket_and_a_key_once(aws: FakeAws) -> None:
    first, again = init(aws), init(aws)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert first.stdout.splitlines() == [
        f"export PULUMI_BACKEND_URL='s3://{BUCKET}?region={REGION}'",
        f"# pulumi stack init STACK --secrets-provider"
        f" 'awskms://alias/ekiben-state?region={REGION}'",
    ]
    assert first.stderr.splitlines()[:2] == [
        "made the key alias/ekiben-state",
        f"made the bucket {BUCKET}",
    ]
    assert again.stderr.splitlines()[:2] == [
        "key alias/ekiben-state is there",
        f"bucket {BUCKET} is there",
    ]
    assert again.stdout == first.stdout
    assert "not-a-secret" not in first.stdout + first.stderr


def test_the_bucket_is_private_versioned_encrypted_and_wants_tls(aws: FakeAws) -> None:
    init(aws)
    s3 = aws.client("s3", REGION)
    block = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    applied = rules[0]["ApplyServerSideEncryptionByDefault"]
    kms = aws.client("kms", REGION)
    key = kms.describe_key(KeyId="alias/ekiben-state")["KeyMetadata"]
    assert applied == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    (only,) = policy["Statement"]
    assert (only["Effect"], only["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    assert not allows(policy, "s3:GetObject", f"arn:aws:s3:::{BUCKET}/state")


def test_what_somebody_loosened_is_set_right_again(aws: FakeAws) -> None:
    init(aws)
    s3 = aws.client("s3", REGION)
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    assert init(aws).returncode == 0
    block = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"


def test_a_key_on_its_way_out_stops_it_before_secrets_are_lost(aws: FakeAws) -> None:
    init(aws)
    kms = aws.client("kms", REGION)
    key = kms.describe_key(KeyId="alias/ekiben-state")["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    run = init(aws)
    kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    assert (run.returncode, run.stdout) == (1, "")
    assert "the key behind alias/ekiben-state is PendingDeletion" in run.stderr


def test_without_credentials_nothing_is_made_and_no_traceback_is_shown(aws: FakeAws) -> None:
    run = init(aws, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert (run.returncode, run.stdout) == (1, "")
    assert "Unable to locate credentials" in run.stderr
    assert "Traceback" not in run.stderr
