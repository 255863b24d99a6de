"""A fake AWS that runs, and how tests talk to it."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from tests.aws.front import Front
from tests.aws.server import NOWHERE, listening, settings
from tests.processes import WITH_PARENT

REGION = "us-east-1"
ACCOUNT = "123456789012"
ROOT = Path(__file__).parents[2]


@dataclass
class FakeAws:
    """A server by its URL."""

    url: str
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    # One for all requests, without certificates: reading those takes longer than any answer.
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(verify=False, timeout=60))

    def client(self, service: str, region: str = REGION) -> Any:
        """boto3's client of a service; it asks once, without trying again."""
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=region,
                aws_access_key_id="A" * 20,
                aws_secret_access_key="b",
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._clients[key]

    def calls(self, **wanted: Any) -> list[dict[str, Any]]:
        """The log's entries with these members."""
        entries = self._asked("GET", "calls")
        return [entry for entry in entries if wanted.items() <= entry.items()]

    def faults(self) -> list[str]:
        """What the fake itself got wrong, or did not know."""
        return [f"{call['operation']}: {call['fault']}" for call in self.calls() if call["fault"]]

    def left(self, region: str = REGION) -> dict[str, list[str]]:
        """Ids of all resources that are there, by kind."""
        found: dict[str, list[str]] = self._asked("GET", f"left?region={region}")
        return found

    def throttle(self, share: float, seed: int = 0, services: tuple[str, ...] = ()) -> None:
        """Refuse this share of calls, at random; 0 ends it."""
        self._asked("POST", "throttle", share=share, seed=seed, services=services)

    def pace(self, polls: int) -> None:
        """Let a change of an EKS cluster take so many looks at it."""
        self._asked("POST", "pace", polls=polls)

    def empty(self) -> None:
        """Begin with an empty AWS. It takes moto a second."""
        self._http.post(f"{self.url}/moto-api/reset").raise_for_status()
        self.forget()

    def forget(self) -> None:
        """Begin with no EKS clusters, an empty log, and no throttling."""
        self._asked("DELETE", "places")
        self.throttle(0)
        self.pace(0)
        self._asked("DELETE", "calls")

    def _asked(self, method: str, what: str, **body: Any) -> Any:
        url = f"{self.url}/ekiben/{what}"
        answer = self._http.request(method, url, content=json.dumps(body))
        return answer.raise_for_status().json()


@contextmanager
def in_this_process(front: Front | None = None) -> Iterator[FakeAws]:
    """A server in a thread; moto's state is the process', so one at a time."""
    server = listening(front or Front(settings(NOWHERE, None)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    found = FakeAws(f"http://127.0.0.1:{server.server_port}")
    try:
        found.empty()
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def in_its_own_process(eks_endpoint: str, eks_ca_file: Path) -> Iterator[FakeAws]:
    """A server of its own, ended with the context; it logs to standard error."""
    command = [*WITH_PARENT, sys.executable, "-m", "tests.aws.server"]
    command += ["--eks-endpoint", eks_endpoint, "--eks-ca-file", str(eks_ca_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            yield FakeAws(server.stdout.readline().strip())
        finally:
            server.terminate()
