"""The AWS provider that is built here, run by the real engine against a fake AWS."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.toolchain import ensure
from tests.aws.running import in_this_process
from tests.provider.engine import Engine

pytestmark = [pytest.mark.tools, pytest.mark.engine]

REGION = "eu-central-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ec2.amazonaws.com"},
        }
    ],
}
PROGRAM = f"""
import pulumi

block = pulumi.Config().require("block")
made = pulumi.CustomResource
network = made("aws:ec2/vpc:Vpc", "network", {{"cidrBlock": block, "tags": {{"use": "tests"}}}})
made("aws:ec2/subnet:Subnet", "private", {{"vpcId": network.id, "cidrBlock": "10.0.1.0/24"}})
made("aws:iam/role:Role", "nodes", {{"assumeRolePolicy": {TRUST}}})
"""


@pytest.fixture
def address() -> Iterator[str]:
    """A fake AWS."""
    with in_this_process() as aws:
        yield aws.url


@pytest.fixture
def engine(tmp_path: Path, address: str) -> Engine:
    """A stack on the fake AWS."""
    tools = ensure(["pulumi", "pulumi-language-python", "pulumi-resource-aws"])
    folders = [Path(sys.executable).parent, *(tool.parent for tool in tools.values())]
    folder, state = tmp_path / "project", tmp_path / "state"
    folder.mkdir()
    state.mkdir()
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "small", "runtime": "python"}))
    (folder / "__main__.py").write_text(PROGRAM)
    others = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
    engine = Engine(
        folder,
        others
        | {
            "PATH": os.pathsep.join([*map(str, folders), os.environ["PATH"]]),
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "AWS_ACCESS_KEY_ID": "of-a-fake",
            "AWS_SECRET_ACCESS_KEY": "of-a-fake",
            "AWS_ENDPOINT_URL": address,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )
    succeed(engine, "stack", "init", "dev")
    configure(engine, "aws:region", REGION)
    configure(engine, "aws:defaultTags.tags.owner", "nobody")
    configure(engine, "block", "10.0.0.0/16")
    return engine


def configure(engine: Engine, key: str, value: str) -> None:
    succeed(engine, "config", "set", "--path", key, value)


def succeed(engine: Engine, *arguments: str) -> str:
    ran = engine.run(*arguments)
    assert ran.code == 0, ran.text
    return ran.text


def aws(service: str, address: str) -> Any:
    return boto3.client(
        service, REGION, endpoint_url=address,
        aws_access_key_id="of-a-fake", aws_secret_access_key="of-a-fake",
    )  # fmt: skip


def test_previewed_created_unchanged_and_gone_again(engine: Engine, address: str) -> None:
    assert "+ 4 to create" in succeed(engine, "preview")
    ec2, iam = aws("ec2", address), aws("iam", address)
    before = len(ec2.describe_vpcs()["Vpcs"])

    succeed(engine, "up", "--yes", "--skip-preview")
    (network,) = ec2.describe_vpcs(Filters=[{"Name": "tag:use", "Values": ["tests"]}])["Vpcs"]
    assert {t["Key"]: t["Value"] for t in network["Tags"]} == {"use": "tests", "owner": "nobody"}
    of_network = [{"Name": "vpc-id", "Values": [network["VpcId"]]}]
    (subnet,) = ec2.describe_subnets(Filters=of_network)["Subnets"]
    assert subnet["CidrBlock"] == "10.0.1.0/24"
    (role,) = iam.list_roles()["Roles"]
    assert role["RoleName"].startswith("nodes-")
    assert role["AssumeRolePolicyDocument"] == TRUST

    succeed(engine, "preview", "--expect-no-changes")
    succeed(engine, "preview", "--refresh", "--expect-no-changes")

    succeed(engine, "destroy", "--yes", "--skip-preview")
    assert len(ec2.describe_vpcs()["Vpcs"]) == before
    assert iam.list_roles()["Roles"] == []


def test_a_wrong_value_is_refused_in_preview_in_the_providers_own_words(engine: Engine) -> None:
    configure(engine, "block", "10.0.0.0/33")
    ran = engine.run("preview")
    assert ran.code != 0
    assert "invalid CIDR address: 10.0.0.0/33. Examine values at 'network.cidrBlock'" in ran.text
