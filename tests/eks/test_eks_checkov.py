"""What checkov, a scanner of infrastructure, holds against the plans: nothing but what is written.

checkov has an environment of its own, made from `checkov.lock`, since its requirements and ours
exclude each other.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.cache import cache_root
from tests.eks.stacks import PLATFORMS, platform_of
from tests.eks.terraform import terraform_plan

pytestmark = pytest.mark.tools

LOCK = Path(__file__).with_name("checkov.lock")

EXCEPTIONS = {
    # This release of checkov does not know Kubernetes 1.36 yet.
    "CKV_AWS_339": {"cluster"},
    # A network load balancer knows of handshakes only; the gateway logs requests.
    "CKV_AWS_91": {"balancer"},
    # Meant for HTTP: there is no port 80 where there is a domain, and no Internet where there is.
    "CKV2_AWS_20": {"balancer"},
    # Each team has a name below the domain.
    "CKV2_AWS_71": {"certificate"},
}
"""By check: the resources that it may find wrong, and why."""

ASKED_FOR = {
    ("CKV_AWS_39", "office", "cluster"),
    ("CKV_AWS_338", "throw-away", "logs"),
    ("CKV_AWS_150", "throw-away", "balancer"),
    ("CKV2_AWS_11", "throw-away", "vpc"),
}
"""What a stack file itself asks for: an API server in reach, nothing guarded, nothing kept."""


@pytest.fixture(scope="module")
def checkov() -> Path:
    """The program, in an environment that is made once for each lock."""
    name = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    home = cache_root() / "tests" / f"checkov-{name}"
    if not home.is_dir():
        uv, making = Path(sys.executable).parent / "uv", home.with_name(f"{home.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        subprocess.run([str(uv), "venv", "--quiet", "--relocatable", str(making)], check=True)
        into = ["--quiet", "--python", str(making / "bin" / "python")]
        locked = ["--require-hashes", "-r", str(LOCK)]
        subprocess.run([str(uv), "pip", "install", *into, *locked], check=True)
        making.rename(home)
    return home / "bin" / "checkov"


@pytest.fixture(scope="module")
def findings(checkov: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What it says of all stacks, in one run."""
    folder = tmp_path_factory.mktemp("plans")
    for stack in PLATFORMS:
        (folder / f"{stack}.json").write_text(json.dumps(terraform_plan(platform_of(stack))))
    command = [str(checkov), "--directory", ".", "--framework", "terraform_plan"]
    run = subprocess.run(
        [*command, "--skip-download", "--compact", "--quiet", "--output", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_it_reads_every_resource_of_every_plan(findings: dict[str, Any]) -> None:
    count = sum(len(platform_of(stack).resources) for stack in PLATFORMS)
    assert findings["summary"]["resource_count"] == count
    assert findings["summary"]["parsing_errors"] == 0
    assert findings["summary"]["passed"] > 1000


def test_it_finds_nothing_wrong_but_what_is_written_with_its_reason(
    findings: dict[str, Any],
) -> None:
    failed = {
        (each["check_id"], Path(each["file_path"]).stem, each["resource"].partition(".")[2])
        for each in findings["results"]["failed_checks"]
    }
    unexpected = {
        (check, stack, resource)
        for check, stack, resource in failed - ASKED_FOR
        if resource not in EXCEPTIONS.get(check, ())
    }
    assert unexpected == set()
    assert failed >= ASKED_FOR
    assert {check for check, _, _ in failed - ASKED_FOR} == set(EXCEPTIONS), "one that is no more"
