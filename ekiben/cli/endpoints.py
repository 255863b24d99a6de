"""Models as a person asks them: their URLs, and a request that works."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ekiben.access import Access
from ekiben.plan import StackPlan


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
