"""What the documents name is there: files, headings, commands, keys with their defaults."""

import json
import re
import textwrap
from pathlib import Path

import pytest
import yaml

from ekiben.cli.app import app
from ekiben.spec import load, reference
from tests.sources import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
README = (ROOT / "README.md").read_text()

each = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def links(document: Path) -> list[tuple[Path, str]]:
    """The links into this repository: file and heading."""
    targets = re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", document.read_text())
    return [
        ((document.parent / file).resolve() if file else document, name) for file, name in targets
    ]


def anchors(document: Path) -> set[str]:
    """The headings as GitHub spells them in addresses."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^-a-z0-9 _]", "", text.lower()).replace(" ", "-") for text in headings}


@each
def test_links_lead_somewhere(document: Path) -> None:
    for file, heading in links(document):
        assert file.exists(), file
        assert not heading or heading in anchors(file), heading


@each
def test_commands_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = {command.name for command in app.registered_commands}
    text = document.read_text()
    assert set(re.findall(r"\bmake (?:-s )?([a-z]+(?:-[a-z]+)*)(?=[`\s)])", code(text))) <= targets
    assert set(re.findall(r"\bekiben ([a-z]+)\b", code(text))) <= commands


def code(text: str) -> str:
    """What stands in code, in line or in blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return "\n".join(f"{piece} " for piece in [*blocks, *inline])


def test_the_keys_in_the_readme_have_the_defaults_it_says() -> None:
    row = re.compile(r"^\| `([\w:.]+)` \| .+? \| (`[^`]+`|none|required)", re.MULTILINE)
    chapter = README[README.index("## Stack files") : README.index("## Everyday commands")]
    told, known = dict(row.findall(chapter)), dict(row.findall(reference.text()))
    assert len(told) > 10
    for key, default in told.items():
        assert key in known
        if known[key] != "none":
            assert default == known[key]


def test_the_model_of_the_readme_loads(tmp_path: Path) -> None:
    chapter = README[README.index("## Add a model") : README.index("## Stack files")]
    fences = re.findall(r"^ *```(\w*)\n(.*?)^ *```", chapter, re.DOTALL | re.MULTILINE)
    blocks = [textwrap.dedent(text) for kind, text in fences if kind != "sh"]
    service, weights, requirements, model, sample, stack = blocks
    folder = tmp_path / "models" / "tips"
    folder.mkdir(parents=True)
    (folder / "service.py").write_text(service)
    (folder / "requirements.txt").write_text(requirements)
    (folder / "model.yaml").write_text(model)
    compile(service, "service.py", "exec")
    assert set(json.loads(weights)) == {"slope", "intercept"}
    assert set(json.loads(sample)) == {"path", "body"}
    settings = yaml.safe_load(stack)
    assert set(settings["config"]["ekiben:models"]) == {*shipped(), "tips"}
    settings["config"] = {"ekiben:team": "demo", "ekiben:models": {"tips": {}}}
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.local.yaml").write_text(yaml.safe_dump(settings))
    assert load(tmp_path, "local").models["tips"].spec.compute.cpu == "100m"


def shipped() -> set[str]:
    stack = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text())
    return set(stack["config"]["ekiben:models"])
