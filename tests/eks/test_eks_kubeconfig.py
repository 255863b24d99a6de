"""`ekiben kubeconfig` against a fake AWS."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.aws.running import FakeAws
from tests.aws.things import surroundings
from tests.eks.stacks import PROJECT

pytestmark = pytest.mark.fake


def ask(stack: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ekiben", "kubeconfig", "-s", stack]
    keys = {"AWS_ACCESS_KEY_ID": "A" * 20, "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
    return subprocess.run(
        command,
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **keys, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_names_the_cluster_and_a_command_that_asks_for_tokens(aws: FakeAws) -> None:
    aws.client("eks").create_cluster(**surroundings(aws).cluster(name="office"))
    run = ask("office", AWS_ENDPOINT_URL=aws.url)
    assert (run.returncode, run.stderr) == (0, "")
    found = yaml.safe_load(run.stdout)
    (there,), (user,) = found["clusters"], found["users"]
    assert there["cluster"]["server"] == "https://127.0.0.1:6443"
    assert user["user"]["exec"]["command"] == "ekiben"
    assert user["user"]["exec"]["args"] == ["token", "--cluster", "office", "--region", "us-east-1"]
    assert "not-a-secret" not in run.stdout


def test_a_cluster_that_is_not_there_is_told_without_a_traceback(aws: FakeAws) -> None:
    run = ask("office", AWS_ENDPOINT_URL=aws.url)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("cluster office in us-east-1: ResourceNotFoundException: ")


def test_a_cluster_of_another_kind_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: small\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.dev.yaml").write_text("config: {ekiben:team: vision}\n")
    command = [sys.executable, "-m", "ekiben", "kubeconfig", "-s", "dev"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "this is for kind eks" in run.stderr
