"""Fixtures of all tests."""

from pathlib import Path

import pytest

from tests.projects import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with the model `iris` and no stack."""
    made = Project(tmp_path)
    made.write("Pulumi.yaml", "name: made\nruntime: python\nstackConfigDir: stacks\n")
    made.model("iris")
    return made
