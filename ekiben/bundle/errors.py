"""Why a build failed, in the words of the person whose model it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

Stage = Literal["requirements", "bento", "smoke", "push", "base"]

HEADLINES: dict[Stage, str] = {
    "base": "the base image could not be made",
    "requirements": "the requirements could not be installed",
    "bento": "the Bento could not be built",
    "smoke": "the smoke test failed, so nothing was pushed",
    "push": "the image could not be pushed",
}


class BundleError(Exception):
    """A model that could not be made into an image; `str()` is the complete message.

    `cause` is one sentence or the reason as the tool in question put it, `lines` the last lines
    worth reading (a traceback cut to the model's code, a log), `advice` what to do about it.
    """

    def __init__(
        self,
        *,
        model: str,
        stage: Stage,
        cause: str,
        lines: Sequence[str] = (),
        advice: str = "",
        log: Path | None = None,
    ) -> None:
        self.model = model
        self.stage = stage
        self.cause = cause
        self.lines = tuple(lines)
        self.advice = advice
        self.log = log
        super().__init__(self._text())

    def _text(self) -> str:
        parts = [f"model {self.model}: {HEADLINES[self.stage]}: {self.cause}"]
        parts += [f"    {line}" for line in self.lines]
        parts += [f"  what to do: {self.advice}"] if self.advice else []
        parts += [f"  full log: {self.log}"] if self.log else []
        return "\n".join(parts)


class Cancelled(BundleError):
    """The build was cancelled; what it had cached stays, nothing was pushed."""

    def __init__(self, model: str, stage: Stage, log: Path | None = None) -> None:
        super().__init__(
            model=model, stage=stage, cause="cancelled", advice="run it again", log=log
        )


class Failure(Exception):
    """A step failed, as the step itself knows it; `publish` makes a BundleError of it."""

    def __init__(
        self, stage: Stage, cause: str, lines: Sequence[str] = (), advice: str = ""
    ) -> None:
        self.stage: Stage = stage
        self.cause = cause
        self.lines = tuple(lines)
        self.advice = advice
        super().__init__(cause)
