"""A short JSON answer, sent without a web framework."""

import json
from typing import Any


async def answer(send: Any, status: int, detail: str) -> None:
    """Sends `{"detail": detail}` with this status as the whole response."""
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
