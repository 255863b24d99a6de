"""Whether models answer at their addresses."""

import time
from collections.abc import Callable

import httpx

from .endpoints import Endpoint
from .failure import Failure


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
