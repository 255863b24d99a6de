"""Fault 4: files made to blow the loader up are refused in time and memory that do not grow."""

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from time import process_time

import pytest

from tests.projects import Project, iris

FILE = "stacks/Pulumi.dev.yaml"
SECONDS = 2.0  # of processor time, so that a busy machine does not matter
KIBIBYTES = 200 * 1024

_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{to}: &{to} [{', '.join([f'*{of}'] * 9)}]\n" for of, to in pairwise("abcdefghi")
)
_MANY = "more than 50000 values once aliases are expanded"

FAULT_4_BOMBS: dict[str, tuple[Callable[[], str], str]] = {
    "billion laughs": (lambda: _LAUGHS, f"{FILE}:5:32: {_MANY}"),
    "quadratic aliases": (
        lambda: f"a: &a {['x'] * 1000}\nb: [{', '.join(['*a'] * 1000)}]\n",
        f"{FILE}:2:201: {_MANY}",
    ),
    "keys by alias": (
        lambda: "a: &a {" + ", ".join(f"k{n}: 1" for n in range(9000)) + "}\nb: [*a, *a, *a]\n",
        f"{FILE}:2:13: {_MANY}",
    ),
    "an alias of itself": (
        lambda: "a: &a [*a]\n",
        f"{FILE}:1:8: alias *a names nothing that ended above it",
    ),
    "many anchors": (
        lambda: "".join(f"k{n}: &a{n} 1\n" for n in range(40_000)),
        f"{FILE}:25000:9: {_MANY}",
    ),
    "many values": (lambda: "[" + "1," * 400_000 + "]", f"{FILE}:1:100000: {_MANY}"),
    "many documents": (lambda: "--- 1\n" * 160_000, f"{FILE}:50001:5: {_MANY}"),
    "deep lists": (
        lambda: "[" * 100_000,
        f"{FILE}:1:1001: not YAML: exceeded maximum nesting depth (while increasing flow level)",
    ),
    "deep lists, closed": (
        lambda: "[" * 500 + "]" * 500,
        f"{FILE}:1:32: nested deeper than 32 levels",
    ),
    "deep maps": (lambda: "{a: " * 100_000, f"{FILE}:1:125: nested deeper than 32 levels"),
    "deep block maps": (
        lambda: "".join(" " * n + "a:\n" for n in range(900)),
        f"{FILE}:32:32: nested deeper than 32 levels",
    ),
    "10 MB": (
        lambda: "#" * 10_000_000,
        f"{FILE}: the file has 10000000 bytes; at most 1048576",
    ),
}


@pytest.mark.parametrize(("text", "complaint"), FAULT_4_BOMBS.values(), ids=FAULT_4_BOMBS)
def test_fault_4_a_bomb_is_refused_at_once(
    project: Project, text: Callable[[], str], complaint: str
) -> None:
    project.stack(text())
    started = process_time()
    assert project.complaint() == complaint
    assert process_time() - started < SECONDS


LARGE: dict[str, Callable[[], str]] = {
    "unknown keys": lambda: iris("{" + ", ".join(f"k{n}: 1" for n in range(6_000)) + "}"),
    "unknown models": lambda: iris("{}") + "".join(f"    k{n}: {{}}\n" for n in range(24_000)),
    "long keys": lambda: iris("{}") + f"    ? {'ab' * 500_000}\n    : 1\n",
    "a long word": lambda: iris(f"{{timeout: {'s' * 1_000_000}}}"),
    "a long number": lambda: iris(f"{{timeout: {'9' * 1_000_000}}}"),
    "a long fraction": lambda: iris(f"{{compute: {{cpu: {'9' * 1_000_000}.5}}}}"),
    "a long duration": lambda: iris(f"{{timeout: {'1s' * 500_000}}}"),
    "variables": lambda: iris("{env: {" + ", ".join(f"-{n}: 1" for n in range(6_000)) + "}}"),
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_fault_4_a_large_file_that_is_wrong_is_refused_in_time(
    project: Project, text: Callable[[], str]
) -> None:
    for number in range(100):
        project.model(f"m{number}")
    project.stack(text())
    started = process_time()
    complaint = project.complaint()
    assert process_time() - started < SECONDS
    assert f"{FILE}:4:" in complaint or f"{FILE}:5:" in complaint


# The peak as the process itself has it: a resource usage also counts what the test's own process
# had in use when it started this one.
_MEASURED = """
import re, sys
from pathlib import Path
from ekiben.spec import SpecError, load
for stack in sys.argv[2:]:
    try:
        load(Path(sys.argv[1]), stack)
    except SpecError as error:
        peak = re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]
        print(len(error.problems), peak)
"""


def test_fault_4_bombs_take_less_than_200_mb(project: Project) -> None:
    for name in ("billion laughs", "10 MB", "many values"):
        project.stack(FAULT_4_BOMBS[name][0](), name.replace(" ", "-"))
    project.stack(LARGE["unknown keys"](), "keys")
    command = [sys.executable, "-c", _MEASURED, str(project.root)]
    stacks = ["billion-laughs", "10-MB", "many-values", "keys"]
    result = subprocess.run([*command, *stacks], capture_output=True, text=True, check=True)
    refused = [tuple(map(int, line.split())) for line in result.stdout.splitlines()]
    assert [problems for problems, _ in refused] == [1, 1, 1, 100]
    assert max(peak for _, peak in refused) < KIBIBYTES
