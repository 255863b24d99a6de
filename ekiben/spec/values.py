"""The kinds of value people write: shorthand in, one canonical spelling out.

Canonical spellings make equal things equal: `0.5` and `500m` of a CPU give the same version.
"""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

_UNITS = {
    "": 1,
    **{unit: 1000**power for power, unit in enumerate(("k", "M", "G", "T"), start=1)},
    **{unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti"), start=1)},
}
_SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}


def millicores(text: str) -> int:
    """A CPU quantity (`500m`, `2`, `0.5`) in thousandths of a core."""
    match = re.fullmatch(r"(\d{1,7}(?:\.\d{1,3})?)(m?)", text, re.ASCII)
    value = Decimal(match[1]) * (1 if match[2] else 1000) if match else Decimal(0)
    if not match or value != int(value) or value < 1:
        raise ValueError("expected CPU cores such as 500m, 0.5 or 2")
    if value > 1_000_000:
        raise ValueError("expected at most 1000 CPU cores")
    return int(value)


def bytes_of(text: str) -> int:
    """A size (`512Mi`, `1.5Gi`, `2G`) in bytes."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,3})?)(k|M|G|T|Ki|Mi|Gi|Ti)?", text, re.ASCII)
    value = int(Decimal(match[1]) * _UNITS[match[2] or ""]) if match else 0
    if not match or value < 1:
        raise ValueError("expected a size such as 512Mi, 1.5Gi or 2G")
    if value > 1 << 50:
        raise ValueError("expected at most 1024Ti")
    return value


def seconds(text: str) -> Decimal:
    """A duration (`500ms`, `30s`, `1m30s`, `2h`) in seconds."""
    parts = re.findall(r"(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)", text, re.ASCII)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("expected a duration such as 30s, 1m30s or 2h")
    total = sum((Decimal(number) * _SECONDS[unit] for number, unit in parts), Decimal(0))
    if total > 24 * 3600:
        raise ValueError("expected at most 24h")
    return total


def whole_seconds(text: str) -> int:
    return int(seconds(text))


def _canonical_cpu(value: Any) -> str:
    milli = millicores(_number_or_text(value))
    return f"{milli}m" if milli % 1000 else str(milli // 1000)


def _canonical_size(value: Any) -> str:
    size = bytes_of(_number_or_text(value))
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}"
    return str(size)


def _canonical_duration(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a duration with its unit, such as 30s, 1m30s or 2h")
    total = seconds(value)
    milli = int(total * 1000)
    return f"{milli}ms" if milli % 1000 else f"{milli // 1000}s"


def _at_least_a_second(value: str) -> str:
    if seconds(value) < 1 or seconds(value) != int(seconds(value)):
        raise ValueError("expected a whole number of seconds, at least 1s")
    return value


def _whole_or_zero(value: str) -> str:
    if seconds(value) != int(seconds(value)):
        raise ValueError("expected a whole number of seconds")
    return value


def _count_or_percent(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000:
        return value
    if isinstance(value, str) and re.fullmatch(r"(100|[1-9]?[0-9])%", value):
        return value if value != "0%" else 0
    raise ValueError("expected a count from 0 to 1000 or a percentage such as 25%")


def _gpus(value: Any) -> int | float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    part = number and 0 < value < 1 and round(value * 100) == Decimal(str(value)) * 100
    if not number or not (part or (value in range(17))):
        raise ValueError("expected a whole number from 0 to 16, or a part of one such as 0.25")
    return float(value) if part else int(value)


def _not_ours(name: str) -> str:
    if name.startswith("EKIBEN_") or name in ("BENTOML_HOST", "BENTOML_PORT", "BENTOML_HOME"):
        raise ValueError("is set by Ekiben itself; choose another name")
    return name


def _own_namespace(name: str) -> str:
    if name == "default" or name.startswith(("kube-", "ekiben-")):
        raise ValueError("is a namespace of Kubernetes or of Ekiben itself; choose another name")
    return name


def _number_or_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("expected a number, with its unit where it has one")
    return value if isinstance(value, str) else f"{value}"


def text(value: Any) -> str:
    """A number, `true` or `false` as they are written: what YAML takes for no text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str):
        return str(value)
    raise ValueError("expected text")


def _schema(pattern: str, *examples: Any, numbers: bool = False) -> WithJsonSchema:
    kinds: list[dict[str, Any]] = [{"type": "string", "pattern": pattern}]
    if numbers:
        kinds.append({"type": "number", "exclusiveMinimum": 0})
    return WithJsonSchema({"anyOf": kinds, "examples": list(examples)})


NAME_PATTERN = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"

MODEL_NAME_LENGTH = 42
ModelName = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=MODEL_NAME_LENGTH)]
"""Starts Kubernetes names to which more is appended, hence 42 characters (Cortex's rule too)."""


def is_model_name(name: str) -> bool:
    return len(name) <= MODEL_NAME_LENGTH and bool(re.fullmatch(NAME_PATTERN, name))


CPU_PATTERN = r"^\d+(\.\d{1,3})?m?$"
SIZE_PATTERN = r"^\d+(\.\d{1,3})?(k|M|G|T|Ki|Mi|Gi|Ti)?$"
DURATION_PATTERN = r"^(\d+(\.\d{1,3})?(ms|s|m|h))+$"
PERCENT_PATTERN = r"^(100|[1-9]?\d)%$"

TeamName = Annotated[
    str, StringConstraints(pattern=NAME_PATTERN, max_length=40), AfterValidator(_own_namespace)
]
Cpu = Annotated[
    str,
    BeforeValidator(_canonical_cpu),
    _schema(CPU_PATTERN, "500m", 2, numbers=True),
]
Size = Annotated[
    str,
    BeforeValidator(_canonical_size),
    _schema(SIZE_PATTERN, "512Mi", "1Gi", numbers=True),
]
_DURATION = _schema(DURATION_PATTERN, "30s", "1m30s")
Duration = Annotated[
    str, BeforeValidator(_canonical_duration), AfterValidator(_at_least_a_second), _DURATION
]
OptionalDuration = Annotated[
    str, BeforeValidator(_canonical_duration), AfterValidator(_whole_or_zero), _DURATION
]
"""A duration that may be zero, which switches the thing off."""

CountOrPercent = Annotated[
    int | str,
    BeforeValidator(_count_or_percent),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 1000},
                {"type": "string", "pattern": PERCENT_PATTERN},
            ]
        }
    ),
]
Gpus = Annotated[
    int | float,
    BeforeValidator(_gpus),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 16},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            ],
            "examples": [1, 0.25],
        }
    ),
]
Count = Annotated[int, Field(strict=True, ge=1, le=1000)]
ENDPOINT_PATTERN = r"^(/[A-Za-z0-9]([-._~A-Za-z0-9]*[A-Za-z0-9])?){1,8}$"
Endpoint = Annotated[str, StringConstraints(pattern=ENDPOINT_PATTERN, max_length=200)]
ENV_NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
EnvName = Annotated[
    str,
    StringConstraints(pattern=ENV_NAME_PATTERN, max_length=128),
    AfterValidator(_not_ours),
]
TEXT_PATTERN = r"^[^\x00]*$"
EnvValue = Annotated[
    str,
    BeforeValidator(text),
    StringConstraints(max_length=32_768, pattern=TEXT_PATTERN),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
SECRET_PATTERN = r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?/[-._a-zA-Z0-9]{1,253}$"
SecretReference = Annotated[str, StringConstraints(pattern=SECRET_PATTERN, max_length=500)]
"""`<secret>/<key>`: a key of a Kubernetes Secret in the team's namespace."""
