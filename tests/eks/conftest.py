"""A fake AWS for the files here that need one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.running import FakeAws, in_its_own_process
from tests.eks.kubernetes import Kubernetes, kubernetes


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeAws]:
    """In a process of its own: a test stops and starts engines beside it."""
    ca = tmp_path_factory.mktemp("aws") / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
    with in_its_own_process("https://127.0.0.1:6443", Path(ca)) as running:
        yield running


@pytest.fixture
def aws(fake: FakeAws) -> FakeAws:
    """Empty."""
    fake.empty()
    return fake


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """A fake AWS with a Kubernetes of its own, which is the cluster `dev` until `serve` is told."""
    with kubernetes(tmp_path_factory.mktemp("eks"), "dev") as running:
        yield running
