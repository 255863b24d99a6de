"""Previews of platforms by the real engine and AWS provider: all that is planned is understood."""

from pathlib import Path

import pytest

from tests.aws.running import FakeAws
from tests.eks.engine import platform
from tests.eks.stacks import PLATFORMS, platform_of, spec_of

pytestmark = [pytest.mark.tools, pytest.mark.engine]


@pytest.mark.parametrize("stack", PLATFORMS)
def test_a_preview_shows_every_resource_and_makes_none(
    stack: str, fake: FakeAws, tmp_path: Path
) -> None:
    before = fake.left(spec_of(stack).region or "")
    shown = platform(tmp_path, fake, stack).done("preview")
    # Beside the plan's: the stack, the cluster as a whole, its provider and its parts.
    plan = platform_of(stack)
    assert f"+ {len(plan.resources) + len(plan.parts) + 3} to create" in shown
    assert fake.left(spec_of(stack).region or "") == before
