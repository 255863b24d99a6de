"""`ekiben token` as kubectl runs it."""

import base64
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
NOWHERE = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}


def ask(environment: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ekiben", "token", *args]
    return subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], **NOWHERE, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_token_is_a_signed_question_who_asks_for_this_cluster_alone() -> None:
    run = ask(KEYS, "--cluster", "prod", "--region", "eu-central-1")
    assert (run.returncode, run.stderr) == (0, "")
    found = json.loads(run.stdout)
    assert (found["apiVersion"], found["kind"]) == (
        "client.authentication.k8s.io/v1",
        "ExecCredential",
    )
    prefix, _, payload = found["status"]["token"].partition(".")
    assert prefix == "k8s-aws-v1"
    url = urlsplit(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode())
    asked = {key: value for key, (value,) in parse_qs(url.query).items()}
    assert (url.scheme, url.netloc) == ("https", "sts.eu-central-1.amazonaws.com")
    assert asked["Action"] == "GetCallerIdentity"
    assert asked["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert asked["X-Amz-Expires"] == "60"
    assert asked["X-Amz-Credential"].startswith("AKIDEXAMPLE/")
    assert "not-a-secret" not in run.stdout


def test_a_token_says_when_to_ask_anew_before_eks_stops_taking_it() -> None:
    run = ask(KEYS, "--cluster", "prod", "--region", "us-east-1")
    until = json.loads(run.stdout)["status"]["expirationTimestamp"]
    left = datetime.datetime.fromisoformat(until) - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(minutes=12) < left < datetime.timedelta(minutes=15)


def test_another_cluster_has_another_token() -> None:
    mine, other = (ask(KEYS, "--cluster", name, "--region", "us-east-1") for name in ("a", "b"))
    assert json.loads(mine.stdout)["status"]["token"] != json.loads(other.stdout)["status"]["token"]


def test_without_credentials_it_says_what_to_set() -> None:
    run = ask({}, "--cluster", "prod", "--region", "us-east-1")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("no AWS credentials were found; set AWS_PROFILE or")


def test_a_profile_that_there_is_not_is_named() -> None:
    run = ask({}, "--cluster", "prod", "--region", "us-east-1", "--profile", "mine")
    assert run.returncode == 1
    assert "mine" in run.stderr
    assert "Traceback" not in run.stderr
