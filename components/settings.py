"""The stack's settings as the engine knows them: the file, or what `--config` put over it."""

from typing import Any

import pulumi

_OBJECTS = ("cluster", "gateway", "models")


def settings() -> dict[str, Any]:
    config = pulumi.Config("ekiben")
    found = {"team": config.get("team"), **{key: config.get_object(key) for key in _OBJECTS}}
    return {key: value for key, value in found.items() if value is not None}
