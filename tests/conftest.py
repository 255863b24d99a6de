"""Fixtures of all tests."""

from pathlib import Path

import pytest

from tests.projects import Project

SHARING = ("cluster", "engine", "served")
"""Marks of tests that share what is slow to make with the tests beside them."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with the model `iris` and no stack."""
    made = Project(tmp_path)
    made.write("Pulumi.yaml", "name: made\nruntime: python\nstackConfigDir: stacks\n")
    made.model("iris")
    return made


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run in several processes, those of a folder that share something stay in one."""
    for item in items:
        sharing = any(item.get_closest_marker(mark) for mark in SHARING)
        if sharing and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))
