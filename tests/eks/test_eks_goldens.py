"""Platforms as a person reads them. `EKIBEN_GOLDEN=write pytest tests/eks` writes them anew."""

import os
from pathlib import Path

import pytest
import yaml

from tests.eks.stacks import PLATFORMS, plan_of

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("stack", PLATFORMS)
def test_the_platform_is_as_written_down(stack: str) -> None:
    file = GOLDEN / f"{stack}.yaml"
    text = yaml.safe_dump(plan_of(stack).plain()["platform"], sort_keys=False, width=100)
    if os.environ.get("EKIBEN_GOLDEN") == "write":
        file.write_text(text)
    assert file.is_file(), "no golden yet; run make goldens and read what it writes"
    assert text == file.read_text()


def test_every_golden_belongs_to_a_stack() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(PLATFORMS)
