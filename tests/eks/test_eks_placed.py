"""Platforms placed by the real engine and AWS provider on a fake AWS."""

from pathlib import Path

import pytest

from ekiben.spec import EksCluster
from tests.aws.running import FakeAws
from tests.aws.things import trust
from tests.eks.engine import platform
from tests.eks.stacks import PLATFORMS, platform_of, spec_of

pytestmark = [pytest.mark.tools, pytest.mark.engine, pytest.mark.long]

ELSEWHERE = {"existing-vpc", "public"}
"""They name a VPC and a hosted zone, which the fake AWS has not."""

PLACED = sorted({*PLATFORMS} - ELSEWHERE)


def admins(stack: str, aws: FakeAws) -> None:
    """The roles and users that the stack names: EKS wants to find them."""
    iam = aws.client("iam")
    written = spec_of(stack).cluster
    assert isinstance(written, EksCluster)
    for arn in written.admins:
        kind, *path, name = arn.rpartition(":")[2].split("/")
        place = {"Path": "/".join(["", *path, ""])}
        if kind == "role":
            iam.create_role(
                RoleName=name, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"), **place
            )
        else:
            iam.create_user(UserName=name, **place)


@pytest.mark.parametrize("stack", PLACED)
def test_a_platform_comes_whole_stays_as_it_is_and_goes_without_a_trace(
    stack: str, aws: FakeAws, tmp_path: Path
) -> None:
    region = spec_of(stack).region or ""
    admins(stack, aws)
    before = aws.left(region)
    placed = platform(tmp_path, aws, stack)
    placed.up()
    assert sorted(placed.types()) == sorted(
        each.type for each in platform_of(stack).resources.values()
    )
    placed.done("preview", "--refresh", "--expect-no-changes")
    placed.unguard()
    placed.destroy()
    assert aws.left(region) == before
