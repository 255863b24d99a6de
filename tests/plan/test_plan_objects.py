"""What holds of every object of every plan, whatever people write."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lightkube.models import (
    apps_v1,
    autoscaling_v2,
    batch_v1,
    core_v1,
    policy_v1,
    rbac_v1,
)

from ekiben.plan import StackPlan, build
from ekiben.plan.pod import DRAIN_SECONDS
from ekiben.plan.workload import with_image
from ekiben.spec.values import bytes_of, millicores, whole_seconds
from tests.plan.restricted import violations
from tests.plan.specs import Plain, manifests, model_specs, planned, stack

LONGEST = "a" + "b" * 41

CLUSTER_WIDE = {"Namespace", "GatewayClass"}
RFC_1035 = {"Service"}
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?")
_DURATION = re.compile(r"([0-9]{1,5}(h|m|s|ms)){1,4}")

KINDS: dict[str, type[msgspec.Struct]] = {
    "Deployment": apps_v1.Deployment,
    "HorizontalPodAutoscaler": autoscaling_v2.HorizontalPodAutoscaler,
    "Job": batch_v1.Job,
    "Namespace": core_v1.Namespace,
    "PodDisruptionBudget": policy_v1.PodDisruptionBudget,
    "Role": rbac_v1.Role,
    "RoleBinding": rbac_v1.RoleBinding,
    "Service": core_v1.Service,
    "ServiceAccount": core_v1.ServiceAccount,
}
CUSTOM = {
    *("HTTPRoute", "Gateway", "GatewayClass", "EnvoyProxy"),
    *("ClientTrafficPolicy", "BackendTrafficPolicy"),
}


def plan_of(given: Plain) -> StackPlan:
    return build(stack({"iris": given, LONGEST: given}, team="t" * 40, name="s" * 63))


def objects(plan: StackPlan) -> list[Plain]:
    """Every object that a plan places itself."""
    of_models = [obj for model in plan.models.values() for obj in manifests(model).values()]
    door = plan.gateway
    of_gateway = [door.namespace, *door.certgen.values(), *door.objects.values()] if door else []
    return [plan.namespace, plan.service_account, *of_gateway, *of_models]


def every(plan: StackPlan, *kinds: str) -> list[Plain]:
    return [obj for obj in objects(plan) if obj["kind"] in kinds]


def items(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value at any depth."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield key, child
            yield from items(child)
    elif isinstance(value, list):
        for child in value:
            yield from items(child)


everything = settings(max_examples=15, deadline=None)


@everything
@given(model_specs())
def test_every_object_carries_the_stamp(given: Plain) -> None:
    for obj in objects(plan_of(given)):
        labels = obj["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "ekiben"
        assert labels["ekiben.dev/stack"] == "s" * 63


@everything
@given(model_specs())
def test_names_and_labels_are_ones_that_kubernetes_takes(given: Plain) -> None:
    for obj in objects(plan_of(given)):
        name = obj["metadata"]["name"]
        pattern = _LABEL_1035 if obj["kind"] in RFC_1035 else _LABEL
        assert pattern.fullmatch(name)
        assert len(name) <= 63
        for key, value in (*items_of(obj, "labels"), *items_of(obj, "matchLabels")):
            assert _LABEL_KEY.fullmatch(key)
            assert _LABEL_VALUE.fullmatch(value)


def items_of(obj: Plain, section: str) -> Iterator[tuple[str, str]]:
    for key, value in items(obj):
        if key == section:
            yield from value.items()


@everything
@given(model_specs())
def test_an_object_of_a_team_is_in_its_namespace_and_no_name_is_taken_twice(given: Plain) -> None:
    plan = plan_of(given)
    places = [
        (obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"])
        for obj in objects(plan)
    ]
    assert len(set(places)) == len(places)
    for model in plan.models.values():
        assert {obj["metadata"]["namespace"] for obj in manifests(model).values()} == {"t" * 40}
    assert plan.service_account["metadata"]["namespace"] == "t" * 40
    assert {kind for kind, namespace, _ in places if namespace is None} == CLUSTER_WIDE


@everything
@given(model_specs())
def test_every_object_is_what_kubernetes_schema_says(given: Plain) -> None:
    """Types, required fields and field names: a wrong one would not come back."""
    for obj in objects(plan_of(given)):
        if obj["kind"] not in CUSTOM:
            typed = msgspec.convert(obj, KINDS[obj["kind"]])
            assert _given(msgspec.to_builtins(typed)) == obj


def _given(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _given(child) for key, child in value.items() if child is not None}
    return [_given(child) for child in value] if isinstance(value, list) else value


def test_the_schema_check_finds_a_misspelt_field() -> None:
    service = planned({}).service
    wrong = {**service, "spec": {**service["spec"], "sessionAfinity": "None"}}
    assert _given(msgspec.to_builtins(msgspec.convert(wrong, core_v1.Service))) != wrong


@everything
@given(model_specs())
def test_every_pod_passes_the_restricted_standard(given: Plain) -> None:
    for obj in every(plan_of(given), "Deployment", "Job"):
        assert violations(obj["spec"]["template"]["spec"]) == []


REFUSED_PODS: list[tuple[Plain, str]] = [
    ({"hostNetwork": True}, "hostNetwork"),
    ({"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}, "volume root"),
    ({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}, "sysctl kernel.msgmax"),
]
REFUSED_CONTAINERS: list[tuple[Plain, str]] = [
    ({"privileged": True}, "privileged"),
    ({"allowPrivilegeEscalation": True}, "allowPrivilegeEscalation"),
    ({"runAsNonRoot": False}, "runAsNonRoot"),
    ({"runAsUser": 0}, "runAsUser"),
    ({"seccompProfile": {"type": "Unconfined"}}, "seccompProfile"),
    ({"capabilities": {"drop": ["NET_RAW"]}}, "drop"),
    ({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}, "add"),
    ({"procMount": "Unmasked"}, "procMount"),
    ({"appArmorProfile": {"type": "Unconfined"}}, "appArmorProfile"),
]


def pod_of(given: Plain) -> Plain:
    return dict(planned(given).deployment["spec"]["template"]["spec"])


@pytest.mark.parametrize(("change", "said"), REFUSED_PODS)
def test_the_check_of_the_standard_refuses_pods(change: Plain, said: str) -> None:
    assert said in violations({**pod_of({}), **change})


@pytest.mark.parametrize(("change", "said"), REFUSED_CONTAINERS)
def test_the_check_of_the_standard_refuses_containers(change: Plain, said: str) -> None:
    pod = pod_of({})
    (container,) = pod["containers"]
    worse = {**container, "securityContext": {**container["securityContext"], **change}}
    assert violations({**pod, "initContainers": [worse]}) == [f"model: {said}"]


@everything
@given(model_specs())
def test_requests_stay_within_limits(given: Plain) -> None:
    for obj in every(plan_of(given), "Deployment", "Job"):
        for container in obj["spec"]["template"]["spec"]["containers"]:
            requests, limits = container["resources"]["requests"], container["resources"]["limits"]
            assert {"cpu", "memory"} <= requests.keys()
            assert limits.keys() <= requests.keys()
            for kind in limits:
                amount = millicores if kind == "cpu" else bytes_of
                assert amount(requests[kind]) <= amount(limits[kind])


def test_pods_go_to_nodes_that_can_run_their_image() -> None:
    for deployment in every(plan_of({}), "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["nodeSelector"] == {"kubernetes.io/arch": "arm64"}


@everything
@given(model_specs())
def test_replicas_are_the_scalers_and_an_update_can_always_move(given: Plain) -> None:
    for obj in every(plan_of(given), "Deployment"):
        assert "replicas" not in obj["spec"]
        rolling = obj["spec"]["strategy"]["rollingUpdate"]
        assert rolling["maxSurge"] not in (0, "0%") or rolling["maxUnavailable"] not in (0, "0%")
        assert obj["spec"]["progressDeadlineSeconds"] > obj["spec"]["minReadySeconds"]
    for obj in every(plan_of(given), "HorizontalPodAutoscaler"):
        assert 1 <= obj["spec"]["minReplicas"] <= obj["spec"]["maxReplicas"]


@everything
@given(model_specs())
def test_a_replica_drains_before_it_is_ended(given: Plain) -> None:
    grace = whole_seconds(given.get("update", {}).get("termination_grace_period", "60s"))
    for obj in every(plan_of(given), "Deployment"):
        pod = obj["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        drain = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert drain == DRAIN_SECONDS
        assert pod["terminationGracePeriodSeconds"] - drain == grace


@everything
@given(model_specs())
def test_one_replica_at_a_time_may_be_drained(given: Plain) -> None:
    for obj in every(plan_of(given), "PodDisruptionBudget"):
        assert obj["spec"]["maxUnavailable"] == 1
        assert "minAvailable" not in obj["spec"]


@everything
@given(model_specs())
def test_service_budget_and_scaler_mean_the_deployments_pods(given: Plain) -> None:
    for model in plan_of(given).models.values():
        template = model.deployment["spec"]["template"]["metadata"]["labels"]
        selector = model.deployment["spec"]["selector"]["matchLabels"]
        assert selector.items() <= template.items()
        assert "ekiben.dev/version" not in selector
        assert template["ekiben.dev/version"] == model.version
        assert model.service["spec"]["selector"] == selector
        assert model.disruption_budget["spec"]["selector"]["matchLabels"] == selector
        target = model.scaler["spec"]["scaleTargetRef"]
        assert target["name"] == model.deployment["metadata"]["name"]
        (rule,) = model.route["spec"]["rules"]
        assert rule["backendRefs"] == [{"name": model.service["metadata"]["name"], "port": 80}]


@everything
@given(model_specs())
def test_durations_of_the_gateway_are_ones_that_it_takes(given: Plain) -> None:
    plan = plan_of(given)
    found = [
        value
        for obj in every(plan, *CUSTOM)
        for key, value in items(obj)
        if isinstance(value, str) and re.search("imeout$|Interval$|Duration$|^request$", key)
    ]
    assert len(found) >= 8
    assert all(_DURATION.fullmatch(value) for value in found), found


@everything
@given(model_specs())
def test_a_model_takes_at_most_eight_resources(given: Plain) -> None:
    placed = {"component", "image", "rollout"}
    assert len(placed) + len(manifests(planned(given))) <= 8


def expanded(value: str, others: dict[str, str]) -> str:
    """What Kubernetes makes of a variable's value."""
    return re.sub(
        r"\$\$|\$\(([^)]*)\)",
        lambda m: "$" if m[0] == "$$" else others.get(m[1], m[0]),
        value,
    )


@settings(max_examples=60, deadline=None)
@given(st.text("$()A b", max_size=10))
def test_a_variable_reaches_the_service_as_it_was_written(value: str) -> None:
    (container,) = pod_of({"env": {"A": "other", "B": value}})["containers"]
    env = {entry["name"]: entry["value"] for entry in container["env"]}
    assert expanded(env["B"], {"A": "other"}) == value


@everything
@given(model_specs(), st.randoms(use_true_random=False))
def test_the_same_input_in_another_order_gives_the_same_bytes(given: Plain, random: Any) -> None:
    names = ["iris", "digits", "sentiment"]
    one = build(stack(dict.fromkeys(names, given)))
    random.shuffle(names)
    other = build(stack({name: shuffled(given, random) for name in names}))
    assert json.dumps(one.plain()) == json.dumps(other.plain())


def shuffled(value: Any, random: Any) -> Any:
    if not isinstance(value, dict):
        return value
    keys = list(value)
    random.shuffle(keys)
    return {key: shuffled(value[key], random) for key in keys}


def test_an_image_is_placed_and_never_read() -> None:
    late = object()
    deployment = planned({}).deployment
    before = json.dumps(deployment)
    placed = with_image(deployment, late)
    assert placed["spec"]["template"]["spec"]["containers"][0]["image"] is late
    assert json.dumps(deployment) == before
    placed["spec"]["template"]["spec"]["containers"][0]["image"] = deployment["spec"]["template"][
        "spec"
    ]["containers"][0]["image"]
    assert placed == deployment
