"""One fake AWS for the tests of a file. Each begins without clusters; the rest stays."""

from collections.abc import Iterator

import pytest

from tests.aws.front import Front
from tests.aws.place import Settings
from tests.aws.running import FakeAws, in_this_process
from tests.aws.things import Surroundings, surroundings


@pytest.fixture(scope="module")
def server() -> Iterator[FakeAws]:
    settings = Settings(eks_endpoint="https://127.0.0.1:6443", eks_ca="Q0E=")
    with in_this_process(Front(settings)) as running:
        yield running


@pytest.fixture
def aws(server: FakeAws) -> FakeAws:
    """No clusters, nothing logged, no throttling."""
    server.forget()
    return server


@pytest.fixture(scope="module")
def around(server: FakeAws) -> Surroundings:
    """Roles and a network for clusters."""
    return surroundings(server)
