"""What happens to the program when the engine has had enough of it."""

import os
import signal
from types import FrameType


def end_quietly() -> None:
    """Ends the program at once and without a word when it is interrupted.

    The engine interrupts it as soon as one resource has failed, and has told why by then; a
    traceback of whatever the program was waiting for would only bury that.
    """
    signal.signal(signal.SIGINT, _exit)


def _exit(_signal: int, _frame: FrameType | None) -> None:
    os._exit(1)
