"""Refuses request bodies that Python would unpickle: they would run code of the sender's choice."""

from typing import Any

from .answer import answer

PICKLE = b"application/vnd.bentoml+pickle"


class RefusePickles:
    """ASGI middleware: 415 for pickled bodies, before BentoML reads them."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                if name == b"content-type" and value.lower().lstrip().startswith(PICKLE):
                    await answer(send, 415, "pickled bodies are refused; send JSON")
                    return
        await self.app(scope, receive, send)
