"""The benchmarks with their full numbers; each exits with 1 where it is beyond its limits."""

import subprocess
import sys

import pytest

from tests.sources import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(4 * 3600)]


@pytest.mark.parametrize("name", ["plan", "no_change", "preview", "update", "kill"])
def test_a_benchmark_stays_within_its_limits(name: str) -> None:
    done = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, check=False)
    assert done.returncode == 0
