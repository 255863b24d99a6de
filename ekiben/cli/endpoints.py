"""Models as a person asks them: their URLs, a request that works, and whether they answer."""

import json
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ekiben.access import Access
from ekiben.plan import StackPlan

from .failure import Failure


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One model's address; `sample` is a request body for the path `sample_path` below it."""

    name: str
    version: str
    url: str
    sample_path: str
    sample: Any

    def curl(self) -> str:
        """A line that can be pasted into a shell."""
        if self.sample is None:
            return f"curl -fsS {shlex.quote(self.url + '/readyz')}"
        body = shlex.quote(json.dumps(self.sample, separators=(",", ":")))
        header = shlex.quote("Content-Type: application/json")
        return f"curl -fsS {shlex.quote(self.url + self.sample_path)} -H {header} -d {body}"


def endpoints(root: Path, plan: StackPlan, access: Access) -> list[Endpoint]:
    return [
        Endpoint(
            name=name,
            version=model.version,
            url=access.url(model.path),
            sample_path=sample.get("path", "/"),
            sample=sample.get("body"),
        )
        for name, model in plan.models.items()
        for sample in [_sample(root / model.folder / "sample.json")]
    ]


def _sample(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    found = json.loads(file.read_text())
    return found if isinstance(found, dict) else {}


def wait_until_answering(
    found: list[Endpoint], seconds: float, told: Callable[[str], None]
) -> None:
    """Waits until the gateway has taken up every route. Raises Failure where one stays silent."""
    deadline = time.monotonic() + seconds
    with httpx.Client(timeout=5, trust_env=False) as client:
        for endpoint in found:
            while reason := _silence(client, endpoint.url):
                if time.monotonic() > deadline:
                    raise Failure(
                        f"{endpoint.name}: {endpoint.url}/readyz does not answer: {reason}."
                        " The gateway's own view: kubectl -n ekiben-system get pods,gateway"
                    )
                told(f"waiting for {endpoint.url} ({reason})")
                time.sleep(0.3)


def _silence(client: httpx.Client, url: str) -> str | None:
    try:
        status = client.get(f"{url}/readyz").status_code
    except httpx.HTTPError as error:
        return str(error) or type(error).__name__
    return None if status == httpx.codes.OK else f"HTTP {status}"
