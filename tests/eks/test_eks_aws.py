"""Platforms placed by the real engine and AWS provider on a fake AWS."""

from pathlib import Path

import pytest

from tests.aws.running import FakeAws
from tests.eks.engine import platform
from tests.eks.stacks import PLATFORMS, platform_of, spec_of

pytestmark = [pytest.mark.tools, pytest.mark.engine]

WHOLE = ["gpu-spot", "private", "throw-away"]
"""Stacks that are placed and removed here; the others are by `make test-long`."""

OTHERS = sorted({*PLATFORMS} - {*WHOLE, "existing-vpc"})


@pytest.mark.parametrize("stack", PLATFORMS)
def test_a_preview_shows_every_resource(stack: str, aws: FakeAws, tmp_path: Path) -> None:
    shown = platform(tmp_path, aws, stack).done("preview")
    assert not aws.left(spec_of(stack).region or "")
    # Beside the plan's: the stack, the cluster as a whole, its provider and its parts.
    assert f"+ {len(platform_of(stack).resources) + 3 + _parts(stack)} to create" in shown


def _parts(stack: str) -> int:
    plan = platform_of(stack)
    return sum(
        bool(part) for part in (plan.network, plan.control_plane, plan.nodes, plan.karpenter)
    )


@pytest.mark.parametrize(
    "stack", [*WHOLE, *(pytest.param(each, marks=pytest.mark.long) for each in OTHERS)]
)
def test_a_platform_comes_whole_stays_as_it_is_and_goes_without_a_trace(
    stack: str, aws: FakeAws, tmp_path: Path
) -> None:
    region = spec_of(stack).region or ""
    before = aws.left(region)
    placed = platform(tmp_path, aws, stack)
    placed.up()
    assert sorted(placed.types()) == sorted(
        each.type for each in platform_of(stack).resources.values()
    )
    placed.done("preview", "--refresh", "--expect-no-changes")
    placed.unprotect()
    placed.destroy()
    assert aws.left(region) == before
