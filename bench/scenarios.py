"""Changes that are made to a model while it is under load, and what has to come of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MODEL = "iris"

_IN_CLASS = "class Iris:\n"
_AT_START = "    def __init__(self) -> None:\n"

NEVER_READY = """\
    def __is_ready__(self) -> bool:
        print("bench: the warehouse does not answer", flush=True)
        return False

"""
CRASH_AT_IMPORT = '\nraise RuntimeError("bench: the weights are not there")\n'
CRASH_LATER = """\
        import threading

        def crash() -> None:
            print("bench: the connection is lost", flush=True)
            os._exit(3)

        threading.Timer(30, crash).start()
"""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One change: an edit of the model's service.py.

    `seconds` is the update's deadline; `told` must stand in what `up` prints when it fails.
    """

    title: str
    edit: Callable[[str], str]
    seconds: int = 600
    told: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def succeeds(self) -> bool:
        return not self.told


def _never_ready(code: str) -> str:
    return code.replace(_IN_CLASS, _IN_CLASS + NEVER_READY)


def _crash_later(code: str) -> str:
    return code.replace(_AT_START, _AT_START + CRASH_LATER)


UPDATES: Mapping[str, Scenario] = {
    "code": Scenario(
        title="one line of the code changed",
        edit=lambda code: code.replace("Name the species of one flower.", "Name one flower."),
    ),
    "never_ready": Scenario(
        title="a version that never becomes ready",
        edit=_never_ready,
        seconds=120,
        told=("bench: the warehouse does not answer",),
        settings={"smoke": "none", "update": {"deadline": "120s"}},
    ),
    "import_crash": Scenario(
        title="a version that crashes at import",
        edit=lambda code: code + CRASH_AT_IMPORT,
        told=("RuntimeError: bench: the weights are not there",),
        settings={"smoke": "none"},
    ),
    "late_crash": Scenario(
        title="a version that crashes 30 s after it is ready",
        edit=_crash_later,
        told=("bench: the connection is lost",),
        settings={"smoke": "none"},
    ),
}
