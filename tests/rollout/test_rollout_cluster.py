"""Roll-outs on a real cluster: each way to fail, as Kubernetes really shows it."""

import dataclasses
import json
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from lightkube.resources.core_v1 import ConfigMap, Namespace

from ekiben import rollout
from ekiben.rollout import RolloutError, Target
from ekiben.rollout.record import Record
from local.cluster import identity
from local.cluster.layout import Layout
from tests.rollout.conftest import Place
from tests.rollout.situations import NEW, OLD

pytestmark = pytest.mark.cluster

NO_PORT = {"httpGet": {"path": "/readyz", "port": 9}, "periodSeconds": 1}
UNKNOWN_CORE_FILE: dict[str, Any] = {"args": ["-conf", "/etc/no-such-file"]}


def follow(place: Place, target: Target, deadline: float = 60) -> list[str]:
    """Follow to the end; returns the lines of progress."""
    lines: list[str] = []
    rollout.follow(
        dataclasses.replace(target, deadline_seconds=deadline),
        progress=lines.append,
        cancelled=threading.Event(),
        api=place.api,
    )
    return lines


def failure(place: Place, target: Target, deadline: float = 60) -> str:
    """Follow to the failure that has to come; returns its text."""
    with pytest.raises(RolloutError) as caught:
        follow(place, target, deadline)
    return str(caught.value)


def record(place: Place) -> dict[str, Any]:
    found = place.client.get(ConfigMap, "iris-versions", namespace=place.namespace)
    return {version: json.loads(text) for version, text in (found.data or {}).items()}


def test_a_good_version_becomes_ready_and_a_bad_image_leaves_it_serving(place: Place) -> None:
    lines = follow(place, place.put(OLD))
    assert lines[-1] == "1 of 1 replicas ready"
    assert record(place)[OLD]["readyAt"]

    missing = f"{place.image.rsplit(':', 1)[0]}@sha256:{'0' * 64}"
    began = time.monotonic()
    text = failure(place, place.put(NEW, image=missing))
    assert time.monotonic() - began < 30
    assert f"cause: image pull: cannot pull {missing}: " in text
    assert "not found" in text
    assert f"The old version {OLD} keeps serving 1 of 1 replicas." in text
    assert set(record(place)) == {OLD}

    assert follow(place, place.put("c" * 8))
    assert set(record(place)) == {OLD, "c" * 8}


def test_a_container_that_crashes_ends_it_with_its_own_last_words(place: Place) -> None:
    began = time.monotonic()
    text = failure(place, place.put(NEW, **UNKNOWN_CORE_FILE))
    assert time.monotonic() - began < 40
    assert "cause: crash: container model exited with code 1" in text
    assert "last log lines of container model of pod iris-stable-" in text
    assert "no-such-file" in text.split("last log lines")[1]
    assert "No version of iris is serving." in text


def test_a_command_that_is_not_in_the_image_is_told(place: Place) -> None:
    text = failure(place, place.put(NEW, command=["/no-such-command"]), deadline=5)
    assert "cause: crash: " in text
    assert "/no-such-command" in text


def test_the_scheduler_says_why_no_node_fits(place: Place) -> None:
    wanted = {"requests": {"cpu": "900", "memory": "64Mi"}}
    text = failure(place, place.put(NEW, resources=wanted), deadline=5)
    assert "cause: no node fits: 0/1 nodes are available: 1 Insufficient cpu" in text
    assert "(a replica requests cpu 900, memory 64Mi)" in text


def test_a_pod_that_the_security_standard_forbids_is_refused_at_once(place: Place) -> None:
    enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    place.client.patch(Namespace, place.namespace, enforce)
    began = time.monotonic()
    text = failure(place, place.put(NEW))
    assert time.monotonic() - began < 15
    assert "cause: refused by the cluster: " in text
    assert 'violates PodSecurity "restricted:latest"' in text


def test_running_out_of_memory_is_told_as_that(place: Place) -> None:
    limits = {"limits": {"memory": "8Mi"}}
    text = failure(place, place.put(NEW, resources=limits))
    assert "cause: out of memory: container model was killed at its memory limit of 8Mi" in text


def test_readiness_that_never_comes_ends_at_the_deadline(place: Place) -> None:
    began = time.monotonic()
    text = failure(place, place.put(NEW, readinessProbe=NO_PORT), deadline=6)
    assert 6 <= time.monotonic() - began < 12
    assert "cause: readiness probe: Readiness probe failed: Get " in text
    assert "the deadline of 6 s has passed" in text


def test_a_start_slower_than_its_probe_allows_tells_the_time_used(place: Place) -> None:
    probe = {**NO_PORT, "failureThreshold": 3}
    text = failure(place, place.put(NEW, startupProbe=probe))
    assert "cause: startup probe: container model was stopped by its startup probe after" in text
    assert "the probe allows 3 s, " in text


def test_a_missing_secret_is_named(place: Place) -> None:
    reference = {"secretKeyRef": {"name": "no-such-secret", "key": "token"}}
    env = [{"name": "TOKEN", "valueFrom": reference}]
    text = failure(place, place.put(NEW, env=env), deadline=5)
    assert 'cause: configuration: secret "no-such-secret" not found' in text


def test_a_missing_secret_of_a_volume_is_named(place: Place) -> None:
    volumes = [{"name": "token", "secret": {"secretName": "no-such-secret"}}]
    mounts = [{"name": "token", "mountPath": "/token"}]
    target = place.put(NEW, {"volumes": volumes}, volumeMounts=mounts)
    text = failure(place, target, deadline=5)
    assert 'secret "no-such-secret" not found' in text


def test_records_written_at_the_same_time_lose_no_version(place: Place) -> None:
    versions = [f"{n:08x}" for n in range(6)]
    errors: list[Exception] = []
    placed = place.put(OLD)

    def write(version: str) -> None:
        target = dataclasses.replace(placed, version=version)
        ours = Record(api=place.api, target=target, cancelled=threading.Event())
        try:
            ours.prove({})
            ours.complete({})
        except RolloutError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(record(place)) == set(versions)


def test_a_proof_that_is_withdrawn_leaves_the_other_versions(place: Place) -> None:
    target = place.put(NEW)
    ours = Record(api=place.api, target=target, cancelled=threading.Event())
    others = dataclasses.replace(ours, target=dataclasses.replace(target, version=OLD))
    others.complete({})
    ours.prove({})
    assert set(record(place)) == {OLD, NEW}
    ours.withdraw()
    others.withdraw()
    assert set(record(place)) == {OLD}


def test_credentials_that_are_not_accepted_are_an_error_at_once(
    place: Place, kubeconfig: str
) -> None:
    config = yaml.safe_load(Path(kubeconfig).read_text())
    config["users"][0]["user"] = {"token": "expired"}
    began = time.monotonic()
    with rollout.connect(json.dumps(config)) as api:
        refused = failure(dataclasses.replace(place, api=api), place.put(NEW))
    assert time.monotonic() - began < 5
    assert "does not accept the credentials" in refused


def test_an_api_server_that_is_killed_meanwhile_is_waited_for(place: Place) -> None:
    slow = {"tcpSocket": {"port": 1053}, "periodSeconds": 1, "initialDelaySeconds": 6}
    # Controllers may take a minute to watch again on a machine that is busy.
    target = dataclasses.replace(place.put(NEW, readinessProbe=slow), deadline_seconds=180)
    lines: list[str] = []

    def watch(line: str) -> None:
        if "starting" in line and not any("starting" in before for before in lines):
            kill_api_server(Path(place.kubeconfig).parent.name)
        lines.append(line)

    rollout.follow(target, progress=watch, cancelled=threading.Event(), api=place.api)
    assert lines[-1] == "1 of 1 replicas ready"
    assert record(place)[NEW]["readyAt"]


def kill_api_server(cluster: str) -> None:
    """Kill the API server of a local cluster; its supervisor starts it again."""
    node = identity.running(Layout.of_user(cluster).pid_file)
    assert node
    family = psutil.Process(node.pid).children(recursive=True)
    server = next(process for process in family if process.name() == "kube-apiserver")
    server.kill()
