"""A small service whose conduct is set by its environment, so that one image can do it all."""

import os
import sys
import threading
import time
from pathlib import Path

import bentoml

ANSWER = "first"


def crash() -> None:
    """Ends the worker at once, as a fault in a native library does."""
    print("giving up: the small model has had enough", file=sys.stderr, flush=True)
    os._exit(3)


@bentoml.service(workers=1)
class Small:
    def __init__(self) -> None:
        time.sleep(float(os.environ.get("START_SECONDS", "0")))
        if after := os.environ.get("CRASH_AFTER"):
            threading.Timer(float(after), crash).start()

    @bentoml.api
    def answer(self, seconds: float = 0) -> str:
        """Says which version this is, after so many seconds."""
        time.sleep(seconds)
        return os.environ.get("ANSWER", ANSWER)

    @bentoml.api
    def told(self) -> str:
        """Says what it was told in confidence."""
        return Path("/run/secrets/ekiben/TOKEN").read_text()

    def __is_ready__(self) -> bool:
        return os.environ.get("READY", "yes") == "yes"
