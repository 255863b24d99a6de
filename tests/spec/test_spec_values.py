"""Values: canonical spellings, faults 3 (types and ranges) and 8 (contradictions)."""

from typing import Any

import pytest

from ekiben.spec import ModelSpec
from tests.projects import Project, iris

AT = "stacks/Pulumi.dev.yaml:4:"

CANONICAL = [
    ("{compute: {cpu: 0.5}}", "compute.cpu", "500m"),
    ("{compute: {cpu: 500m}}", "compute.cpu", "500m"),
    ("{compute: {cpu: 2000m}}", "compute.cpu", "2"),
    ("{compute: {cpu: 2}}", "compute.cpu", "2"),
    ("{compute: {cpu: '1000'}}", "compute.cpu", "1000"),
    ("{compute: {memory: 1024Mi}}", "compute.memory", "1Gi"),
    ("{compute: {memory: 1.5Gi}}", "compute.memory", "1536Mi"),
    ("{compute: {memory: 1G}}", "compute.memory", "1000000000"),
    ("{compute: {memory: 2048}}", "compute.memory", "2Ki"),
    ("{timeout: 1m30s}", "timeout", "90s"),
    ("{timeout: 2h}", "timeout", "7200s"),
    ("{timeout: 24h}", "timeout", "86400s"),
    ("{timeout: 1000ms}", "timeout", "1s"),
    ("{update: {min_ready: 0s}}", "update.min_ready", "0s"),
    ("{update: {max_unavailable: 0%}}", "update.max_unavailable", 0),
    ("{update: {max_surge: 25%}}", "update.max_surge", "25%"),
    ("{update: {max_surge: 1000}}", "update.max_surge", 1000),
    ("{env: {DEBUG: true}}", "env", {"DEBUG": "true"}),
    ("{env: {WORD: no}}", "env", {"WORD": "no"}),
    ("{env: {TIME: 1:30}}", "env", {"TIME": "1:30"}),
    ("{env: {DAY: 2026-01-02}}", "env", {"DAY": "2026-01-02"}),
    ("{env: {COUNT: 3, RATE: 0.5}}", "env", {"COUNT": "3", "RATE": "0.5"}),
    ("{env: {API: 1.10, PIN: 007}}", "env", {"API": "1.10", "PIN": "007"}),
    ("{env: {MASK: 0x1f, RATE: 1e3}}", "env", {"MASK": "0x1f", "RATE": "1e3"}),
    ("{scaling: {max_replicas: 0x10}}", "scaling.max_replicas", 16),
    ("{compute: {cpu: 1.50}}", "compute.cpu", "1500m"),
    ("{env: {LONG: " + "7" * 2000 + "}}", "env", {"LONG": "7" * 2000}),
    ("{endpoint: /v2/iris.wide_1~a}", "endpoint", "/v2/iris.wide_1~a"),
]


@pytest.mark.parametrize(("override", "key", "value"), CANONICAL)
def test_a_value_has_one_spelling(project: Project, override: str, key: str, value: Any) -> None:
    project.stack(iris(override))
    found: Any = project.load().models["iris"].spec
    for part in key.split("."):
        found = getattr(found, part)
    assert found == value


_COUNT = "expected a whole number from 1 to 1000"
_CPU = "expected CPU cores such as 500m, 0.5 or 2"
_SIZE = "expected a size such as 512Mi, 1.5Gi or 2G"
_SURGE = "expected a count from 0 to 1000 or a percentage such as 25%"
_UNIT = "expected a duration with its unit, such as 30s, 1m30s or 2h"
_DURATION = "expected a duration such as 30s, 1m30s or 2h"
_QUANTITY = "expected a number, with its unit where it has one"

FAULT_3_TYPES_AND_RANGES = [
    ("{scaling: {max_replicas: ten}}", "22: {}.scaling.max_replicas", f"given 'ten'; {_COUNT}"),
    ("{scaling: {max_replicas: '10'}}", "22: {}.scaling.max_replicas", f"given '10'; {_COUNT}"),
    ("{scaling: {max_replicas: 1.5}}", "22: {}.scaling.max_replicas", f"given 1.5; {_COUNT}"),
    ("{scaling: {max_replicas: true}}", "22: {}.scaling.max_replicas", f"given true; {_COUNT}"),
    ("{scaling: {max_replicas: ~}}", "22: {}.scaling.max_replicas", f"given nothing; {_COUNT}"),
    ("{scaling: {max_replicas: [1]}}", "22: {}.scaling.max_replicas", f"given [1]; {_COUNT}"),
    ("{scaling: {max_replicas: .nan}}", "22: {}.scaling.max_replicas", f"given nan; {_COUNT}"),
    ("{scaling: {max_replicas: .inf}}", "22: {}.scaling.max_replicas", f"given inf; {_COUNT}"),
    ("{scaling: {max_replicas: 1e999}}", "22: {}.scaling.max_replicas", f"given inf; {_COUNT}"),
    ("{scaling: {max_replicas: -1}}", "22: {}.scaling.max_replicas", f"given -1; {_COUNT}"),
    ("{scaling: {min_replicas: 0}}", "22: {}.scaling.min_replicas", f"given 0; {_COUNT}"),
    ("{scaling: {max_replicas: 1001}}", "22: {}.scaling.max_replicas", f"given 1001; {_COUNT}"),
    (
        "{scaling: {max_replicas: " + "9" * 30 + "}}",
        "22: {}.scaling.max_replicas",
        f"given {'9' * 30}; {_COUNT}",
    ),
    (
        "{scaling: {max_replicas: " + "9" * 5000 + "}}",
        "22: {}.scaling.max_replicas",
        f"given '{'9' * 56}...; {_COUNT}",
    ),
    (
        "{compute: {gpu: 0.005}}",
        "22: {}.compute.gpu",
        "given 0.005; expected a whole number from 0 to 16, or a part of one such as 0.25",
    ),
    (
        "{compute: {gpu: 17}}",
        "22: {}.compute.gpu",
        "given 17; expected a whole number from 0 to 16, or a part of one such as 0.25",
    ),
    ("{compute: {cpu: 0}}", "22: {}.compute.cpu", f"given 0; {_CPU}"),
    ("{compute: {cpu: -1}}", "22: {}.compute.cpu", f"given -1; {_CPU}"),
    ("{compute: {cpu: .nan}}", "22: {}.compute.cpu", f"given nan; {_CPU}"),
    ("{compute: {cpu: 0.0001}}", "22: {}.compute.cpu", f"given 0.0001; {_CPU}"),
    ("{compute: {cpu: 1 core}}", "22: {}.compute.cpu", f"given '1 core'; {_CPU}"),
    ("{compute: {cpu: '٣'}}", "22: {}.compute.cpu", f"given '٣'; {_CPU}"),
    ("{compute: {cpu: 1001}}", "22: {}.compute.cpu", "given 1001; expected at most 1000 CPU cores"),
    ("{compute: {cpu: [1]}}", "22: {}.compute.cpu", f"given [1]; {_QUANTITY}"),
    ("{compute: {memory: true}}", "22: {}.compute.memory", f"given true; {_QUANTITY}"),
    ("{compute: {memory: -1Gi}}", "22: {}.compute.memory", f"given '-1Gi'; {_SIZE}"),
    ("{compute: {memory: 1GB}}", "22: {}.compute.memory", f"given '1GB'; {_SIZE}"),
    ("{compute: {memory: .inf}}", "22: {}.compute.memory", f"given inf; {_SIZE}"),
    (
        "{compute: {memory: 2000Ti}}",
        "22: {}.compute.memory",
        "given '2000Ti'; expected at most 1024Ti",
    ),
    ("{compute: large}", "12: {}.compute", "given 'large'; expected keys and values"),
    ("{compute: []}", "12: {}.compute", "given []; expected keys and values"),
    ("{timeout: 60}", "12: {}.timeout", f"given 60; {_UNIT}"),
    ("{timeout: soon}", "12: {}.timeout", f"given 'soon'; {_DURATION}"),
    ("{timeout: -5s}", "12: {}.timeout", f"given '-5s'; {_DURATION}"),
    (
        "{timeout: 500ms}",
        "12: {}.timeout",
        "given '500ms'; expected a whole number of seconds, at least 1s",
    ),
    ("{timeout: 25h}", "12: {}.timeout", "given '25h'; expected at most 24h"),
    ("{update: {max_surge: -1}}", "21: {}.update.max_surge", f"given -1; {_SURGE}"),
    ("{update: {max_surge: 1001}}", "21: {}.update.max_surge", f"given 1001; {_SURGE}"),
    ("{update: {max_surge: 101%}}", "21: {}.update.max_surge", f"given '101%'; {_SURGE}"),
    ("{update: {max_surge: '٣%'}}", "21: {}.update.max_surge", f"given '٣%'; {_SURGE}"),
    ("{update: {max_surge: true}}", "21: {}.update.max_surge", f"given true; {_SURGE}"),
    ("{update: {max_surge: .nan}}", "21: {}.update.max_surge", f"given nan; {_SURGE}"),
    ("{env: {A: ~}}", "18: {}.env.A", "given nothing; expected text"),
    ("{env: {A: [1]}}", "18: {}.env.A", "given [1]; expected text"),
    ("{env: [A]}", "12: {}.env", "given ['A']; expected keys and values"),
    (
        "{env: {A: " + "x" * 32_769 + "}}",
        "18: {}.env.A",
        f"given '{'x' * 56}...; expected at most 32768 characters",
    ),
    (
        "{secrets: {TOKEN: vision}}",
        "22: {}.secrets.TOKEN",
        "given 'vision'; expected <secret>/<key>, such as vision/token",
    ),
    (
        "{secrets: {TOKEN: vision/../x}}",
        "22: {}.secrets.TOKEN",
        "given 'vision/../x'; expected <secret>/<key>, such as vision/token",
    ),
    (
        "{kind: async}",
        "12: {}.kind",
        "given 'async'; this kind is not built yet; expected 'realtime'",
    ),
    ("{kind: realtme}", "12: {}.kind", "given 'realtme'; expected 'realtime'"),
    ("{smoke: maybe}", "12: {}.smoke", "given 'maybe'; expected 'ready', 'import' or 'none'"),
    ("5", "", "stacks/Pulumi.dev.yaml:4:5: {}: given 5; expected keys and values"),
]


@pytest.mark.parametrize(("override", "where", "complaint"), FAULT_3_TYPES_AND_RANGES)
def test_fault_3_a_value_out_of_range_is_refused_with_what_is_allowed(
    project: Project, override: str, where: str, complaint: str
) -> None:
    project.stack(iris(override))
    expected = f"{AT}{where}: {complaint}" if where else complaint
    assert project.complaint() == expected.replace("{}", "ekiben:models.iris", 1)


FAULT_8_CONTRADICTIONS = [
    (
        "{scaling: {min_replicas: 5, max_replicas: 2}}",
        "12: ekiben:models.iris.scaling: min_replicas (5) is greater than max_replicas (2);"
        " raise the one or lower the other",
    ),
    (
        "{scaling: {min_replicas: 11}}",
        "12: ekiben:models.iris.scaling: min_replicas (11) is greater than max_replicas (10);"
        " raise the one or lower the other",
    ),
    (
        "{update: {max_surge: 0}}",
        "12: ekiben:models.iris.update: max_surge and max_unavailable are both 0,"
        " so no replica could ever be replaced; set one of them to 1",
    ),
    (
        "{update: {max_surge: 0%, max_unavailable: 0}}",
        "12: ekiben:models.iris.update: max_surge and max_unavailable are both 0,"
        " so no replica could ever be replaced; set one of them to 1",
    ),
    (
        "{update: {min_ready: 1m, deadline: 60s}}",
        "12: ekiben:models.iris.update: min_ready (60s) is not shorter than deadline (60s)",
    ),
    (
        "{env: {B: 1, TOKEN: a}, secrets: {TOKEN: a/b}}",
        "11: ekiben:models.iris: TOKEN is given in env and in secrets; keep one of them",
    ),
]


@pytest.mark.parametrize(("override", "complaint"), FAULT_8_CONTRADICTIONS)
def test_fault_8_settings_that_contradict_each_other_are_refused(
    project: Project, override: str, complaint: str
) -> None:
    project.stack(iris(override))
    assert project.complaint() == f"{AT}{complaint}"


BOUNDS = [
    {"scaling": {"min_replicas": 1000, "max_replicas": 1000}},
    {"update": {"max_surge": 0, "max_unavailable": 1}},
    {"update": {"max_surge": "1%", "max_unavailable": "100%"}},
    {"update": {"min_ready": "59s", "deadline": "60s"}},
    {"compute": {"cpu": "1m", "memory": "1", "gpu": 16}},
    {"compute": {"cpu": 1000, "memory": "1024Ti"}},
]


@pytest.mark.parametrize("given", BOUNDS)
def test_the_bounds_themselves_are_allowed(given: dict[str, Any]) -> None:
    ModelSpec.model_validate(given)


GATEWAY = [
    ("{replicas: 0}", "replicas", "given 0; expected a whole number from 1 to 100"),
    (
        "{max_connections: 0}",
        "max_connections",
        "given 0; expected a whole number from 1 to 1000000",
    ),
    ("{max_body: none}", "max_body", f"given 'none'; {_SIZE}"),
    (
        "{idle_timeout: 0s}",
        "idle_timeout",
        "given '0s'; expected a whole number of seconds, at least 1s",
    ),
]


@pytest.mark.parametrize(("given", "key", "complaint"), GATEWAY)
def test_limits_of_the_gateway_have_their_ranges(
    project: Project, given: str, key: str, complaint: str
) -> None:
    project.stack(f"config:\n  ekiben:team: vision\n  ekiben:gateway: {given}\n")
    assert project.complaint() == f"stacks/Pulumi.dev.yaml:3:20: ekiben:gateway.{key}: {complaint}"
