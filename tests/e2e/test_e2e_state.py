"""A state that is not what the engine wrote is refused, and a copy is at hand."""

import re
import subprocess
from collections.abc import Callable

import pytest

from tests.e2e.resources import changed, named
from tests.e2e.team import Team

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda state: state[: len(state) // 2], "is not JSON"),
    "emptied": (lambda state: b"", "is empty"),
    "bit-flipped": (
        lambda state: state.replace(b"ServiceAccount::", b"SerwiceAccount::", 1),
        "is not of its type",
    ),
    "bit-flipped reference": (
        lambda state: state.replace(b'"parent": "urn:pulumi:', b'"parent": "urn:pul5mi:', 1),
        "does not stand before it",
    ),
}


def test_a_damaged_state_is_refused_and_restored_as_told(team: Team) -> None:
    team.up().well()
    file = team.project.state_file(team.name)
    whole = file.read_bytes()
    resources = named(team.project.resources(team.name))
    for damage, (spoil, reason) in DAMAGES.items():
        spoiled = spoil(whole)
        assert spoiled != whole, damage
        file.write_bytes(spoiled)
        said = team.up().refused()
        assert f"{file}: the state of the stack {team.name!r} " in said
        assert reason in said
        assert file.read_bytes() == spoiled, damage
        (command, *_) = re.findall(r"^  (cp .*)$", said, re.MULTILINE)
        subprocess.run(["sh", "-c", command], check=True)
        assert changed(resources, named(team.project.resources(team.name))) == {}, damage
        team.pulumi("preview", "--expect-no-changes").well()
