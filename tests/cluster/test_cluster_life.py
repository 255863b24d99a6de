"""The life of a real cluster: up, again, killed, resumed, down, and nothing left of it."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from lightkube import codecs

from local.cluster import api, config, dns, identity, network, oci
from local.cluster.images import libraries
from local.cluster.layout import Layout
from local.cluster.registry import RegistryClient
from tests.cluster import hosts

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

LAYOUT = Layout.of_user("test-life")
SECRET = "what-nobody-may-read-in-etcd"


def local(*arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", *arguments, "--cluster", LAYOUT.name]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


def up() -> float:
    """Seconds that it took."""
    began = time.monotonic()
    done = local("up")
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


def result() -> Any:
    return json.loads(LAYOUT.result.read_text())


def node() -> identity.ProcessId:
    process = identity.running(LAYOUT.pid_file)
    assert process
    return process


def is_healthy() -> bool:
    return local("status").returncode == 0


def wait_healthy(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_healthy():
        assert time.monotonic() < deadline, local("status").stdout
        time.sleep(0.5)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of its own beside whatever runs on this machine."""
    assert local("down").returncode == 0
    up()
    yield result()
    assert local("down").returncode == 0


@pytest.fixture(scope="module")
def shell_image(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A reference to an image with a shell in it."""
    programs = [Path("/bin/bash"), Path("/bin/sleep"), Path("/bin/cat")]
    files: dict[str, Path | str] = {str(path): path.resolve() for path in programs}
    for path in programs:
        files |= libraries(path)
    recipe = oci.ImageRecipe("test/shell", "1", files, ["/bin/bash"], "65532:65532")
    image = oci.make(recipe, tmp_path_factory.mktemp("images"))
    remembered = config.load(LAYOUT)
    assert remembered
    with RegistryClient(LAYOUT, remembered) as registry:
        registry.push(image, recipe.repository, recipe.tag)
    return f"{cluster['registry']['address']}/{recipe.repository}@{image.manifest.digest}"


def place(*objects: dict[str, Any]) -> None:
    api.apply(api.client(LAYOUT.kubeconfig), objects)


def pod(name: str, image: str, script: str) -> dict[str, Any]:
    container = {"name": "main", "image": image, "command": ["/bin/bash", "-c", script]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    metadata = {"name": name, "namespace": "default", "labels": {"pod": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def output_of(name: str, expected: str, seconds: float = 30) -> None:
    """Wait for a line in a pod's log, through the API server and the kubelet."""
    kube = api.client(LAYOUT.kubeconfig)
    deadline = time.monotonic() + seconds
    lines: list[str] = []
    while time.monotonic() < deadline:
        try:
            lines = [line.strip() for line in kube.log(name, namespace="default")]
        except Exception as error:  # not there yet
            lines = [str(error)]
        if expected in lines:
            return
        time.sleep(0.5)
    pytest.fail(f"pod {name} did not say {expected!r} but {lines}")


def test_a_finished_up_tells_where_everything_is(cluster: Any) -> None:
    files = [cluster["kubeconfig"], cluster["registry"]["auth_file"]]
    for file in (*files, LAYOUT.result):
        assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600
    assert Path(cluster["state_dir"]).is_dir()
    assert (Path(cluster["charts"]["envoy-gateway"]) / "Chart.yaml").exists()
    assert (Path(cluster["registry"]["cert_dir"]) / "ca.crt").exists()
    kubeconfig = yaml.safe_load(Path(cluster["kubeconfig"]).read_text())
    assert kubeconfig["current-context"] == "ekiben-test-life"
    assert kubeconfig["clusters"][0]["cluster"]["server"] == cluster["api"]


def test_status_is_healthy_and_names_components(cluster: Any) -> None:
    done = local("status", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["healthy"], found["problems"]) == (0, True, [])
    assert {"etcd", "apiserver", "kubelet", "containerd", "registry"} <= set(found["components"])
    assert found["addresses"]["api"] == cluster["api"]


def test_a_second_up_is_quick_and_changes_nothing(cluster: Any) -> None:
    def state() -> dict[str, Any]:
        kept = [path for path in LAYOUT.root.iterdir() if path.is_file()]
        kept += [*LAYOUT.pki.iterdir(), *(p for p in LAYOUT.settings.rglob("*") if p.is_file())]
        return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in kept}

    before, first, objects = state(), node(), versions()
    assert up() < 10  # 2 s on an idle machine
    assert state() == before
    assert node() == first
    assert versions() == objects
    assert result() == cluster


def versions() -> dict[str, str]:
    """What counts the changes of the objects that `up` places."""
    found = {}
    for document in dns.objects(remembered(), "", []):
        metadata = stored(document).metadata
        assert metadata
        key = f"{document['kind']}/{metadata.name}"
        found[key] = str(metadata.generation or metadata.resourceVersion)
    return found


def stored(document: dict[str, Any]) -> Any:
    """The object as the API server has it."""
    kube, kind = api.client(LAYOUT.kubeconfig), type(codecs.from_dict(document))
    metadata = document["metadata"]
    where = {"namespace": metadata["namespace"]} if "namespace" in metadata else {}
    return kube.get(kind, metadata["name"], **where)


def remembered() -> config.ClusterConfig:
    chosen = config.load(LAYOUT)
    assert chosen
    return chosen


def test_nobody_gets_in_without_a_certificate(cluster: Any) -> None:
    with httpx.Client(verify=False, trust_env=False) as stranger:
        assert stranger.get(f"{cluster['api']}/readyz").status_code == 200
        for path in ("/version", "/api/v1/namespaces/kube-system/secrets", "/metrics"):
            assert stranger.get(f"{cluster['api']}{path}").status_code == 401
        registry = f"https://{cluster['registry']['address']}/v2/_catalog"
        assert stranger.get(registry).status_code == 401


def test_on_the_host_only_one_loopback_port_listens(cluster: Any) -> None:
    family = hosts.family(node().pid)
    port = int(cluster["gateway"]["url"].rpartition(":")[2])
    assert hosts.listening(family) == {("127.0.0.1", port)}


def test_pods_are_named_reach_each_other_and_the_api(cluster: Any, shell_image: str) -> None:
    def call(host: str, port: int, request: str) -> str:
        return f"exec 3<>/dev/tcp/{host}/{port}; printf '{request}' >&3; read -r line <&3"

    metrics = call(
        "kube-dns.kube-system.svc.cluster.local", 9153, "GET /metrics HTTP/1.0\\r\\n\\r\\n"
    )
    api_server = "exec 4<>/dev/tcp/kubernetes.default/443 && echo connected"
    script = f"{metrics}; echo said ${{line%%[[:space:]]}}; {api_server}; sleep 600"
    place(pod("caller", shell_image, script))
    output_of("caller", "said HTTP/1.0 200 OK")
    output_of("caller", "connected")
    names = ip_network(str(remembered().ranges.services))
    assert ip_address(cluster["gateway"]["cluster_ip"]) in names


@pytest.mark.usefixtures("cluster")
def test_packets_to_nobody_in_the_cluster_do_not_go_round() -> None:
    """Out of the node, by the host's route back into it, and so on, each time as a new socket."""
    nobody = str(remembered().ranges.block[-2])
    with pytest.raises(TimeoutError), socket.create_connection((nobody, 80), timeout=2):
        pass
    (way_out,) = (p for p in hosts.family(node().pid).values() if "slirp4netns" in p.name())
    assert len(way_out.net_connections()) < 10


@pytest.mark.usefixtures("cluster")
def test_secrets_are_not_readable_in_etcd() -> None:
    metadata = {"name": "hush", "namespace": "default"}
    place({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"a": SECRET}})
    place({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "shown"}})
    stored = b"".join(p.read_bytes() for p in (LAYOUT.root / "etcd").rglob("*") if p.is_file())
    assert b"/registry/configmaps/default/hush" in stored
    assert b"/registry/secrets/default/hush" in stored
    assert b"k8s:enc:secretbox" in stored
    assert SECRET.encode() not in stored


@pytest.mark.usefixtures("cluster")
def test_the_audit_log_counts_calls() -> None:
    stored(dns.objects(remembered(), "", [])[1])
    events = [json.loads(line) for line in (LAYOUT.logs / "audit.log").read_text().splitlines()]
    mine = [e for e in events if e["user"].get("username", "").startswith("admin@ekiben-test-life")]
    assert {"create", "patch", "get"} & {event["verb"] for event in mine}
    assert {event["stage"] for event in events} <= {"ResponseComplete", "ResponseStarted", "Panic"}


@pytest.mark.usefixtures("cluster")
def test_a_component_that_is_killed_comes_back() -> None:
    components = json.loads(LAYOUT.node_status.read_text())["units"]
    names = {p.name(): p for p in hosts.family(node().pid).values()}
    names["kube-scheduler"].kill()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        unit = json.loads(LAYOUT.node_status.read_text())["units"]["scheduler"]
        if unit["restarts"] > components["scheduler"]["restarts"] and unit["phase"] == "ready":
            break
        time.sleep(0.2)
    assert (unit["phase"], unit["last_exit"]) == ("ready", "killed by SIGKILL")
    wait_healthy(60)


def test_a_node_killed_hard_resumes_with_its_pods(cluster: Any, shell_image: str) -> None:
    place(pod("survivor", shell_image, "echo begun; sleep 600"))
    output_of("survivor", "begun")
    first, family = node(), hosts.family(node().pid)
    os.kill(first.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(hosts.lives(process) for process in family.values()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    began = time.monotonic()
    up()
    assert node() != first
    wait_healthy(60 - (time.monotonic() - began))
    output_of("survivor", "begun")
    assert result() == cluster


def test_stopping_a_pod_lets_it_end_in_its_own_way(shell_image: str) -> None:
    """Also when the whole node is asked to stop."""
    script = "trap 'echo bye; sleep 1; exit 0' TERM; echo hello; while :; do sleep 0.2; done"
    place(pod("polite", shell_image, script))
    output_of("polite", "hello")
    os.kill(node().pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while identity.running(LAYOUT.pid_file):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    logs = "".join(p.read_text() for p in (LAYOUT.root / "pod-logs").glob("*polite*/main/*.log"))
    assert "bye" in logs
    up()
    wait_healthy(60)


def test_up_killed_at_any_instant_converges(cluster: Any) -> None:
    instants = random.Random(5)
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-m", "local", "up", "--cluster", LAYOUT.name],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            time.sleep(instants.uniform(0.2, 4))
            process.kill()
        found = identity.running(LAYOUT.pid_file)
        if found and instants.random() < 0.5:
            os.kill(found.pid, signal.SIGKILL)
    up()
    wait_healthy(60)
    assert result() == cluster


def machine() -> dict[str, Any]:
    return {
        "mounts": {line for line in hosts.mounts() if "/tmp" not in line},
        "interfaces": hosts.interfaces(),
        "routes": hosts.routes(),
        "sysctls": hosts.sysctls(),
        "packet rules": hosts.packet_rules(),
        "cgroups": {path for path in hosts.cgroups() if LAYOUT.cgroup in path},
        "files": hosts.folders(),
    }


@pytest.mark.usefixtures("cluster")
def test_two_ups_at_once_come_one_after_the_other() -> None:
    os.kill(node().pid, signal.SIGKILL)
    command = [sys.executable, "-m", "local", "up", "--cluster", LAYOUT.name]
    pair = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.pid: process.communicate(timeout=120)[1] for process in pair}
    assert [process.returncode for process in pair] == [0, 0], said
    waited = [pid for pid, text in said.items() if "waiting for process" in text]
    assert len(waited) == 1
    (first,) = set(said) - set(waited)
    assert f"waiting for process {first} (" in said[waited[0]]


def test_a_gateway_port_that_somebody_took_meanwhile_is_left_to_them(cluster: Any) -> None:
    port = int(cluster["gateway"]["url"].rpartition(":")[2])
    os.kill(node().pid, signal.SIGKILL)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + 10
        while not network.is_free(port):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        other.bind(("127.0.0.1", port))
        other.listen()
        done = local("up")
        assert done.returncode == 0, done.stderr
        assert f"port {port} is taken: the gateway is at" in done.stderr
        moved = int(result()["gateway"]["url"].rpartition(":")[2])
        assert moved > port
        assert hosts.listening(hosts.family(node().pid)) == {("127.0.0.1", moved)}


@pytest.mark.usefixtures("cluster")
def test_a_component_that_never_stays_up_ends_up_with_its_last_words() -> None:
    """As when its data are damaged."""
    os.kill(node().pid, signal.SIGKILL)
    data = LAYOUT.root / "etcd/member"
    data.rename(data.with_name("member.away"))
    data.write_text("no folder")
    done = local("up")
    assert done.returncode == 1
    assert "error: etcd does not stay up: exited with" in done.stderr
    assert "log/etcd.log" in done.stderr
    assert "Traceback" not in done.stderr
    data.unlink()
    data.with_name("member.away").rename(data)
    up()
    wait_healthy(60)


def test_down_leaves_the_machine_as_it_was() -> None:
    assert local("down").returncode == 0
    before = machine()
    up()
    family, during = hosts.family(node().pid), machine()
    changed = {name for name in before if during[name] != before[name]}
    assert changed == {"interfaces", "routes", "cgroups"}
    assert during["interfaces"] - before["interfaces"] == {LAYOUT.host_interface}
    assert local("down").returncode == 0
    assert machine() == before
    assert [process for process in family.values() if hosts.lives(process)] == []
    assert not LAYOUT.root.exists()
    assert not LAYOUT.lock.exists()
    assert LAYOUT.registry_storage.is_dir()


def test_down_of_what_is_not_there_is_no_error() -> None:
    assert local("down").returncode == 0
    assert local("status").returncode == 1
