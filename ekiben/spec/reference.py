"""docs/keys.md: every key of both files, with its default and what it takes.

`python -m ekiben.spec.reference` writes it; a test fails when it is stale. The words are the
docstrings of the models' fields, so that a key is explained in one place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import arns, balancer, cluster, eks, nodes, values
from .editor import schemas
from .files import PREFIX

FILE = Path(__file__).parents[2] / "docs" / "keys.md"

_HEAD = """\
# Keys
<!-- Written by `python -m ekiben.spec.reference`; a change here is lost. -->
Every key of stack files and of `model.yaml`; a dot stands for nesting. Unknown keys are refused.

## Units
| Value | Written as |
|---|---|
| CPU | cores: `2`, `0.5`; or thousandths of a core: `500m` |
| size | bytes, with `k`, `M`, `G`, `T` (of 1000) or `Ki`, `Mi`, `Gi`, `Ti` (of 1024) behind them |
| duration | numbers with `ms`, `s`, `m` or `h`: `30s`, `1m30s`; whole seconds, at most `24h` |
"""

_STACK = """\
## Stack file: `stacks/Pulumi.<stack>.yaml`
All of them stand under `config:`. Keys of other programs (`aws:region`) may stand beside them.
"""

_MODEL = """\
## Model: `models/<model>/model.yaml`, or `ekiben:models.<model>` in a stack file
What a stack file gives is laid over what the folder says, key by key.
"""

_NAME = "lower-case letters, digits and `-`, starting with a letter"
_KINDS: Mapping[str, str] = {
    values.CPU_PATTERN: "CPU",
    values.SIZE_PATTERN: "size",
    values.DURATION_PATTERN: "duration",
    values.PERCENT_PATTERN: "a percentage such as `25%`",
    values.NAME_PATTERN: _NAME,
    values.ENDPOINT_PATTERN: "a path such as `/iris`",
    values.SECRET_PATTERN: "`<secret>/<key>`",
    cluster.NAME_PATTERN: _NAME,
    cluster.ADDRESS_PATTERN: "`host[:port][/path]`",
    cluster.STACK_PATTERN: "a stack's name",
    eks.CLUSTER_PATTERN: _NAME,
    nodes.INSTANCE_PATTERN: "instance types",
    nodes.LABEL_PATTERN: "a label's key",
    nodes.LABEL_VALUE_PATTERN: "a label's value",
    arns.ACCOUNT_PATTERN: "twelve digits",
    arns.ZONE_PATTERN: "zones such as `us-east-1a`",
    arns.PRINCIPAL_PATTERN: "ARNs such as `arn:aws:iam::123456789012:role/Deploy`",
    arns.VPC_PATTERN: "`vpc-...`",
    arns.SUBNET_PATTERN: "`subnet-...`",
    arns.RESERVATION_PATTERN: "`cr-...`",
    arns.CERTIFICATE_PATTERN: "`arn:aws:acm:...`",
    arns.ZONE_ID_PATTERN: "`Z...`",
    balancer.DOMAIN_PATTERN: "a domain such as `ml.example.com`",
    arns.CIDR_PATTERN: "a network such as `10.20.0.0/16`",
}
"""What a value looks like, by the pattern that it is held to."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One key; `key` is its path from the file's top."""

    key: str
    meaning: str
    default: str
    takes: str


def text() -> str:
    """The whole page."""
    found = schemas()
    stack, model = found["stack.schema.json"], found["model.schema.json"]
    parts = [_HEAD, _STACK, *_stack_tables(stack), _MODEL, _table(rows(model, model))]
    return "\n".join(parts)


def rows(schema: dict[str, Any], root: dict[str, Any], prefix: str = "") -> Iterator[Row]:
    """A row for each key of an object's schema, sections taken apart into their keys."""
    for name, given in schema["properties"].items():
        section = _resolved(given, root)
        if "properties" in section:
            yield from rows(section, root, f"{prefix}{name}.")
        elif inner := _sections(section, root):
            for mark, one in inner:
                yield from rows(one, root, f"{prefix}{name}{mark}.")
        else:
            yield Row(
                key=f"{prefix}{name}",
                meaning=given.get("description") or section["description"],
                default=_default(given, name in schema.get("required", [])),
                takes=" or ".join(_takes(section)),
            )


def _sections(schema: dict[str, Any], root: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The sections of a list, of a mapping from names of one's own, or of what may be absent."""
    options = [
        *(("[]", item) for item in [schema.get("items", {})]),
        *((".<name>", named) for named in schema.get("patternProperties", {}).values()),
        *(("", option) for option in schema.get("anyOf", ())),
    ]
    resolved = [(mark, _resolved(option, root)) for mark, option in options]
    return [(mark, section) for mark, section in resolved if "properties" in section]


def _stack_tables(stack: dict[str, Any]) -> Iterator[str]:
    """One table for what any stack has, one for each kind of cluster."""
    config = stack["properties"]["config"]
    yield _table(rows(config, stack))
    for reference in config["properties"][f"{PREFIX}cluster"]["oneOf"]:
        kind = _resolved(reference, stack)
        keys = dict(kind["properties"])
        word = keys.pop("kind")["const"]
        yield f"### `{PREFIX}cluster` of `kind: {word}`\n{kind['description']}\n"
        yield _table(rows({**kind, "properties": keys}, stack, f"{PREFIX}cluster."))


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return dict(root["definitions"][reference.rpartition("/")[2]]) if reference else schema


def _takes(schema: dict[str, Any]) -> Iterator[str]:
    """What a value may be, in words; `null` and plain numbers beside a unit go without saying."""
    for option in schema.get("anyOf", [schema]):
        if words := _words(option):
            yield words


def _words(option: dict[str, Any]) -> str:
    if "oneOf" in option:
        return ", ".join(f"`kind: {kind}`" for kind in option["discriminator"]["mapping"])
    if allowed := option.get("enum", [option["const"]] if "const" in option else []):
        return ", ".join(f"`{value}`" for value in allowed)
    if "pattern" in option:
        return _KINDS[option["pattern"]]
    if option.get("type") == "array":
        return f"a list of {_words(option['items'])}"
    if option["type"] == "integer":
        return f"a whole number from {option['minimum']} to {option['maximum']}"
    return {"object": "keys and values", "string": "text"}.get(option["type"], "")


def _default(schema: dict[str, Any], required: bool) -> str:
    if required:
        return "required"
    value = schema.get("default")
    if value is None or value in ({}, []):
        return "none"
    if isinstance(value, dict):
        return f"`{{{', '.join(f'{key}: {child}' for key, child in value.items())}}}`"
    return f"`{value}`"


def _table(found: Iterator[Row]) -> str:
    lines = ["| Key | Meaning | Default | Takes |", "|---|---|---|---|"]
    for row in found:
        cells = (f"`{row.key}`", row.meaning, row.default, row.takes)
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


def write() -> None:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text())


if __name__ == "__main__":
    write()
