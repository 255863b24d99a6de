"""The Kubernetes of a fake EKS: who may enter, and the nodes of node groups."""

import base64
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Namespace, Node

from ekiben.plan.eks.kubeconfig import kubeconfig
from local.cluster import api
from tests.aws.running import REGION
from tests.aws.things import Surroundings, surroundings
from tests.eks.kubernetes import Caller, Kubernetes
from tests.eks.objects import objects

pytestmark = pytest.mark.tools

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
EDIT = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"
PROGRAMS = ("fake AWS", "etcd", "API server", "controllers", "scheduler", "kwok")
SECONDS = 60.0
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def around(there: Kubernetes) -> Surroundings:
    """The cluster `dev`, which its creator may not enter, and what it needs."""
    found = surroundings(there.aws)
    eks = there.aws.client("eks")
    eks.create_cluster(**found.cluster())
    eks.create_addon(clusterName="dev", addonName="vpc-cni")
    return found


@pytest.fixture
def admin(there: Kubernetes, around: Surroundings) -> Iterator[Caller]:
    """Whoever runs the engine, as an administrator of the cluster."""
    del around
    caller = there.caller()
    enter(there, caller, ADMIN)
    yield caller
    there.aws.client("eks").delete_access_entry(clusterName="dev", principalArn=caller.arn)


def enter(there: Kubernetes, caller: Caller, policy: str, *namespaces: str) -> None:
    """Make an entry for a caller, with one of EKS's policies."""
    eks = there.aws.client("eks")
    eks.create_access_entry(clusterName="dev", principalArn=caller.arn)
    eks.associate_access_policy(
        clusterName="dev",
        principalArn=caller.arn,
        policyArn=policy,
        accessScope={"type": "namespace", "namespaces": [*namespaces]}
        if namespaces
        else {"type": "cluster"},
    )


def kubectl(there: Kubernetes, caller: Caller, *arguments: str, cluster: str = "dev") -> str:
    """What kubectl says to a caller whose kubeconfig is as Ekiben writes it."""
    described = there.aws.client("eks").describe_cluster(name="dev")["cluster"]
    server, authority = described["endpoint"], described["certificateAuthority"]["data"]
    path = there.plane.folder / f"{cluster}.yaml"
    path.write_text(yaml.safe_dump(kubeconfig(cluster, REGION, server, authority)))
    return said(["kubectl", "--kubeconfig", str(path), *arguments], caller.environment)


def said(command: list[str], environment: Any) -> str:
    run = subprocess.run(
        command,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return run.stdout


def token(caller: Caller, cluster: str = "dev") -> str:
    command = ["ekiben", "token", "--cluster", cluster, "--region", REGION]
    found: str = json.loads(said(command, caller.environment))["status"]["token"]
    return found


def asked(there: Kubernetes, token: str) -> int:
    """The status with which the API server answers the holder of a token."""
    trusted = ssl.create_default_context(cafile=there.plane.ca_file)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{there.plane.endpoint}/api/v1/namespaces"
    return httpx.get(url, headers=headers, verify=trusted, timeout=SECONDS).status_code


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ready(there: Kubernetes, group: str) -> list[Any]:
    """Nodes of a group that are Ready."""
    nodes = there.plane.client().list(Node, labels={"eks.amazonaws.com/nodegroup": group})
    return [
        node
        for node in nodes
        if node.status
        and any(
            each.type == "Ready" and each.status == "True" for each in node.status.conditions or []
        )
    ]


def test_an_administrator_enters_with_ekibens_kubeconfig(there: Kubernetes, admin: Caller) -> None:
    before = objects(there.plane)
    assert kubectl(there, admin, "create", "namespace", "vision") == "namespace/vision created\n"
    assert "namespaces vision" in objects(there.plane) - before
    assert "yes" in kubectl(there, admin, "auth", "can-i", "*", "*", "--all-namespaces")


@pytest.mark.usefixtures("around")
def test_without_an_entry_nobody_enters(there: Kubernetes) -> None:
    carla = there.user("carla")
    assert asked(there, token(carla)) == 401
    assert there.reviews.refusals[-1] == f"{carla.arn} has no access entry"


def test_a_busy_sts_keeps_nobody_out(there: Kubernetes, admin: Caller) -> None:
    there.aws.throttle(0.5, services=("sts",))
    assert [asked(there, token(admin)) for _ in range(3)] == [200, 200, 200]
    there.aws.throttle(0)
    assert [call for call in there.aws.calls(service="sts") if call["throttled"]]


@pytest.mark.usefixtures("around")
def test_a_policy_of_a_namespace_ends_there(there: Kubernetes) -> None:
    dora = there.user("dora")
    enter(there, dora, EDIT, "team-*")
    for name in ("team-a", "other"):
        there.plane.client().create(Namespace(metadata=ObjectMeta(name=name)))
    there.sync()
    in_team = ["create", "configmap", "one", "--namespace"]
    assert kubectl(there, dora, *in_team, "team-a") == "configmap/one created\n"
    assert "forbidden" in kubectl(there, dora, *in_team, "other")
    assert "forbidden" in kubectl(there, dora, "get", "nodes")


def test_a_session_enters_by_the_entry_of_its_role(there: Kubernetes, around: Surroundings) -> None:
    pipeline = there.session(around.pod_role, "build-7")
    enter(there, pipeline, ADMIN)
    who = kubectl(there, pipeline, "auth", "whoami", "--output", "yaml")
    assert yaml.safe_load(who)["status"]["userInfo"]["username"].endswith(
        "assumed-role/pod/build-7"
    )


def test_a_node_enters_by_the_entry_that_its_group_brings(
    there: Kubernetes, around: Surroundings
) -> None:
    eks = there.aws.client("eks")
    size = {"minSize": 0, "maxSize": 1, "desiredSize": 0}
    eks.create_nodegroup(**around.node_group(nodegroupName="none", scalingConfig=size))
    node = there.session(around.node_role, "i-0123")
    found = yaml.safe_load(kubectl(there, node, "auth", "whoami", "--output", "yaml"))
    user = found["status"]["userInfo"]
    assert (user["username"], user["groups"]) == (
        "system:node:i-0123",
        ["system:nodes", "system:authenticated"],
    )
    eks.delete_nodegroup(clusterName="dev", nodegroupName="none")


def test_a_token_of_another_cluster_is_refused(there: Kubernetes, admin: Caller) -> None:
    assert asked(there, token(admin, "prod")) == 401
    assert "not signed for the cluster dev" in there.reviews.refusals[-1]


@pytest.fixture(scope="module")
def good(there: Kubernetes) -> str:
    """A token of the caller that `admin` lets in."""
    return token(there.caller())


@pytest.mark.usefixtures("admin")
def test_an_unchanged_token_is_taken(there: Kubernetes, good: str) -> None:
    assert asked(there, good) == 200


def again(token: str, change: Callable[[str], str]) -> str:
    """A token whose URL was changed by somebody without the secret."""
    prefix, _, text = token.partition(".")
    url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    return f"{prefix}." + base64.urlsafe_b64encode(change(url).encode()).decode().rstrip("=")


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda url: url.replace("Expires=60", "Expires=61"), "not signed"),
        (lambda url: url.replace("A" * 20, "B" * 20), "the access key BBBBBBBBBBBBBBBBBBBB"),
        (lambda url: url.replace("GetCallerIdentity", "GetSessionToken"), "Action is"),
        (lambda url: url.replace("%3Bx-k8s-aws-id", ""), "X-Amz-SignedHeaders is 'host'"),
        (lambda url: "https://sts.example.com" + url[url.index("/?") :], "is no STS"),
        (lambda url: url + "&Action=GetCallerIdentity", "twice"),
        (lambda url: url.replace("Expires=60", "Expires=3600"), "X-Amz-Expires is 3600"),
        (lambda url: url.replace("X-Amz-Date=20", "X-Amz-Date=19"), "expired"),
    ],
)
def test_a_changed_token_is_refused(
    there: Kubernetes, good: str, change: Callable[[str], str], why: str
) -> None:
    assert asked(there, again(good, change)) == 401
    assert why in there.reviews.refusals[-1]


def deployment(group: str) -> dict[str, Any]:
    """Two pods that only a node of the group takes."""
    labels = {"app": "quiet"}
    pod = {
        "nodeSelector": {"eks.amazonaws.com/nodegroup": group},
        "tolerations": [{"key": "quiet", "operator": "Exists"}],
        "containers": [{"name": "main", "image": "example.com/none:1"}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "quiet", "namespace": "default"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def test_a_node_group_has_nodes_that_take_pods_until_it_goes(
    there: Kubernetes, around: Surroundings
) -> None:
    eks = there.aws.client("eks")
    group = around.node_group(
        scalingConfig={"minSize": 2, "maxSize": 2, "desiredSize": 2},
        instanceTypes=["g5.xlarge"],
        amiType="AL2023_x86_64_NVIDIA",
        labels={"ekiben.test/noise": "none"},
        taints=[{"key": "quiet", "value": "yes", "effect": "NO_SCHEDULE"}],
    )
    eks.create_nodegroup(**group)
    until(lambda: len(ready(there, "cpu")) == 2)
    labels = [node.metadata.labels for node in ready(there, "cpu")]
    assert {each["topology.kubernetes.io/zone"] for each in labels} == {"us-east-1a", "us-east-1b"}
    for node in ready(there, "cpu"):
        assert node.metadata.labels["ekiben.test/noise"] == "none"
        assert node.metadata.labels["node.kubernetes.io/instance-type"] == "g5.xlarge"
        assert node.metadata.labels["kubernetes.io/arch"] == "amd64"
        assert ("quiet", "NoSchedule") in [(each.key, each.effect) for each in node.spec.taints]
        assert node.status.allocatable["nvidia.com/gpu"] == "1"
        assert node.status.allocatable["cpu"] == "3920m"

    client = there.plane.client()
    api.apply(client, [deployment("cpu")])
    until(lambda: api.deployment_trouble(client, "default", "quiet") is None)

    eks.update_nodegroup_config(
        clusterName="dev",
        nodegroupName="cpu",
        labels={"addOrUpdateLabels": {"fresh": "yes"}, "removeLabels": ["ekiben.test/noise"]},
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
    )
    until(lambda: ["fresh" in node.metadata.labels for node in ready(there, "cpu")] == [True])
    assert "ekiben.test/noise" not in ready(there, "cpu")[0].metadata.labels

    eks.delete_nodegroup(clusterName="dev", nodegroupName="cpu")
    until(lambda: not ready(there, "cpu"))
    until(lambda: "0 of 2 ready" in str(api.deployment_trouble(client, "default", "quiet")))


def test_a_kill_leaves_nothing_running(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, time\n"
        "from tests.eks.kubernetes import kubernetes\n"
        "with kubernetes(pathlib.Path(sys.argv[1]), 'dev'):\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"ready\n"
        assert len(naming(tmp_path)) == 1 + len(PROGRAMS)
        holder.kill()
    until(lambda: not naming(tmp_path))


def naming(folder: Path) -> list[int]:
    """Processes whose command names a folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in each.read_bytes():
                found.append(int(each.parent.name))
        except OSError:
            continue
    return found
