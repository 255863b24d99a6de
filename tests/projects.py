"""Projects in temporary folders, written as text or as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ekiben.spec import SpecError, StackSpec, load

Content = str | bytes | Mapping[str, Any]

IRIS = {"config": {"ekiben:team": "vision", "ekiben:models": {"iris": {}}}}
"""The smallest stack with a model."""


def iris(override: str) -> str:
    """`IRIS` as text with an override; it starts at line 4, column 11."""
    return f"config:\n  ekiben:team: vision\n  ekiben:models:\n    iris: {override}\n"


@dataclass(frozen=True)
class Project:
    """A project's folder."""

    root: Path

    def write(self, path: str, content: Content) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.write_text(content if isinstance(content, str) else yaml.safe_dump(dict(content)))
        return file

    def stack(self, content: Content, name: str = "dev") -> Path:
        return self.write(f"stacks/Pulumi.{name}.yaml", content)

    def model(self, name: str = "iris", content: Content = "") -> Path:
        """A model folder with all it needs; gives the folder."""
        self.write(f"models/{name}/service.py", f"# {name}\n")
        self.write(f"models/{name}/requirements.txt", "scikit-learn\n")
        return self.write(f"models/{name}/model.yaml", content).parent

    def load(self, stack: str = "dev", config: Mapping[str, Any] | None = None) -> StackSpec:
        return load(self.root, stack, config)

    def complaint(self, stack: str = "dev", config: Mapping[str, Any] | None = None) -> str:
        """What the loader says of a stack that it has to refuse."""
        with pytest.raises(SpecError) as refused:
            load(self.root, stack, config)
        return str(refused.value)
