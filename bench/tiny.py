"""A model that is built and ready in seconds, and tells which edit of its code it is."""

from pathlib import Path

_SERVICE = '''\
"""A service of a benchmark."""

import bentoml


@bentoml.service(workers=1)
class Tiny:
    @bentoml.api
    async def edition(self) -> int:
        return {edition}
'''
SETTINGS = {
    "compute": {"cpu": "50m", "memory": "384Mi"},
    "update": {"min_ready": "0s", "deadline": "180s"},
}


def write(models: Path, name: str, edition: int) -> None:
    """Writes the model, or its next edition."""
    folder = models / name
    folder.mkdir(exist_ok=True)
    (folder / "service.py").write_text(_SERVICE.replace("{edition}", str(edition)))
    (folder / "requirements.txt").write_text("bentoml>=1.4.40,<1.5\n")
