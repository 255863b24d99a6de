"""What holds of every EKS cluster that can be written down."""

import json
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.catalog.eks import daemons
from ekiben.plan.eks.node_pools import pools
from ekiben.plan.eks.platform import PlatformPlan, platform
from ekiben.plan.eks.resource import KNOWN_LATE, Resource, references
from ekiben.plan.eks.subnets import service_cidr, zone_plans
from ekiben.plan.eks.upgrade import refusal
from ekiben.plan.labels import NODE_GROUP
from ekiben.spec import EksCluster
from ekiben.spec.nodes import NodeGroup
from ekiben.spec.values import bytes_of, millicores
from tests.eks.specs import clusters, vpc_cidrs, zone_sets

Cluster = tuple[str, EksCluster]

SOME = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def planned(cluster: Cluster) -> PlatformPlan:
    region, spec = cluster
    return platform("dev", region, spec)


def of_type(plan: PlatformPlan, kind: str) -> dict[str, Resource]:
    return {name: each for name, each in plan.resources.items() if each.type == kind}


@given(vpc_cidrs(), zone_sets("us-east-1"))
def test_subnets_are_apart_and_inside_the_vpc(cidr: str, zones: list[str]) -> None:
    found = [
        IPv4Network(block)
        for plan in zone_plans(cidr, zones)
        for block in (plan.private, plan.public)
    ]
    assert len(found) == 2 * len(zones)
    assert all(block.subnet_of(IPv4Network(cidr)) for block in found)
    assert not any(a.overlaps(b) for i, a in enumerate(found) for b in found[:i])
    # EKS and load balancers want 16 addresses of a subnet at least, AWS takes none below /28.
    assert all(block.prefixlen <= 28 for block in found)


@given(vpc_cidrs(), zone_sets("us-east-1"), st.data())
def test_a_zone_keeps_its_addresses_when_others_come_and_go(
    cidr: str, zones: list[str], data: st.DataObject
) -> None:
    fewer = data.draw(st.sets(st.sampled_from(zones), min_size=1))
    all_of_them = {plan.zone: plan for plan in zone_plans(cidr, zones)}
    assert all(all_of_them[plan.zone] == plan for plan in zone_plans(cidr, sorted(fewer)))


@given(vpc_cidrs())
def test_services_have_addresses_that_no_node_has(cidr: str) -> None:
    assert not IPv4Network(service_cidr(cidr)).overlaps(IPv4Network(cidr))


@SOME
@given(clusters())
def test_every_reference_is_to_a_resource_that_comes_before(cluster: Cluster) -> None:
    plan, known = planned(cluster), set(KNOWN_LATE)
    for name, each in plan.resources.items():
        assert {target for target, _ in references(each.properties)} <= known, name
        assert set(each.needs) <= known, name
        known.add(name)
    assert {target for target, _ in references(dict(plan.node_pools))} <= known


@SOME
@given(clusters())
def test_every_role_is_taken_on_by_something_and_has_rights(cluster: Cluster) -> None:
    plan = planned(cluster)
    roles = set(of_type(plan, "aws:iam/role:Role"))
    rights = (
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    )
    entitled, used = set(), set()
    for each in plan.resources.values():
        targets = {target for target, _ in references(each.properties)} & roles
        if each.type in rights:
            entitled |= targets
        else:
            used |= targets
    assert roles == entitled == used


@SOME
@given(clusters())
def test_node_counts_stay_within_what_was_asked_for(cluster: Cluster) -> None:
    plan, spec = planned(cluster), cluster[1]
    for name, group in spec.node_groups.items():
        managed = plan.resources.get(f"group-{name}")
        assert (managed is not None) == (group.min > 0)
        if managed:
            sizes = managed.properties["scalingConfig"]
            assert set(sizes.values()) == {group.min}
        more = sum(_limit(each) for each in _pools(plan, name))
        assert more == group.max - group.min


def _pools(plan: PlatformPlan, group: str) -> Iterator[dict[str, object]]:
    for manifest in plan.node_pools.values():
        template = manifest["spec"].get("template", {}) if manifest["kind"] == "NodePool" else {}
        if template and template["metadata"]["labels"][NODE_GROUP] == group:
            yield manifest


def _limit(pool: dict[str, object]) -> int:
    spec = pool["spec"]
    assert isinstance(spec, dict)
    return int(spec["limits"]["nodes"])


@SOME
@given(clusters())
def test_managed_and_started_nodes_of_a_group_look_alike(cluster: Cluster) -> None:
    plan = planned(cluster)
    effects = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute"}
    for name in cluster[1].node_groups:
        managed = plan.resources.get(f"group-{name}")
        for pool in _pools(plan, name):
            template = pool["spec"]["template"]  # type: ignore[index]
            if managed:
                assert template["metadata"]["labels"] == managed.properties["labels"]
                taints = [
                    {**taint, "effect": effects[taint["effect"]]}
                    for taint in managed.properties["taints"]
                ]
                assert template["spec"]["taints"] == taints


@given(st.integers(0, 100), st.integers(0, 60), st.integers(1, 60))
def test_spot_nodes_are_the_wanted_share_to_the_nearest_tenth(
    percentage: int, least: int, more: int
) -> None:
    spec = NodeGroup.model_validate(
        {
            "instance_types": ["m7i.large"],
            "min": least,
            "max": least + more,
            "spot": {"percentage": percentage},
        }
    )
    found = list(pools("cpu", spec))
    assert sum(pool.nodes for pool in found) == more
    assert all(pool.nodes > 0 for pool in found)
    values = Counter(value for pool in found for value in pool.values)
    assert set(values.values()) <= {1}
    spot = [pool for pool in found if "spot" in pool.capacity]
    assert bool(spot) == (percentage > 0 and more > 0)
    # Where no spot machine is to be had, an on-demand one is taken.
    assert all("on-demand" in pool.capacity for pool in found)
    if len(found) == 2:
        share = len(spot[0].values) / values.total()
        assert abs(share - percentage / 100) <= 0.1


@SOME
@given(clusters())
def test_names_are_within_the_limits_of_aws(cluster: Cluster) -> None:
    plan = planned(cluster)
    # What the engine adds to a logical name where no physical one is given: "-" and 7 characters.
    most = {
        "aws:iam/role:Role": 64,
        "aws:iam/instanceProfile:InstanceProfile": 128,
        "aws:cloudwatch/eventRule:EventRule": 64,
        "aws:eks/nodeGroup:NodeGroup": 63,
        "aws:ec2/launchTemplate:LaunchTemplate": 125,
        "aws:sqs/queue:Queue": 80,
    }
    for name, each in plan.resources.items():
        if each.type in most:
            assert len(name) + 8 <= most[each.type]
    names = [each.properties.get("name", "") for each in plan.resources.values()]
    assert all(len(name) <= 100 for name in names)


@SOME
@given(clusters())
def test_what_cannot_be_had_back_is_guarded_unless_told_otherwise(cluster: Cluster) -> None:
    plan = planned(cluster)
    guarded = {name for name, each in plan.resources.items() if each.protect}
    assert guarded == ({"key", "cluster"} if cluster[1].protect else set())
    assert plan.resources["cluster"].properties["deletionProtection"] is cluster[1].protect


def _requests(settings: object) -> Iterator[dict[str, str]]:
    for key, value in settings.items() if isinstance(settings, dict) else ():
        if key == "requests":
            yield value
        yield from _requests(value)


def test_daemons_ask_for_what_the_fit_check_takes_off_each_node() -> None:
    spec = EksCluster.model_validate(
        {"kind": "eks", "network": {"cidr": "10.0.0.0/16", "zones": ["us-east-1a", "us-east-1b"]}}
    )
    plan = planned(("us-east-1", spec))
    for name in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent"):
        told = json.loads(plan.resources[f"addon-{name}"].properties["configurationValues"])
        asked = list(_requests(told))
        reckoned = daemons()[name]
        assert sum(millicores(each["cpu"]) for each in asked) == millicores(reckoned["cpu"])
        assert sum(bytes_of(each["memory"]) for each in asked) == bytes_of(reckoned["memory"])


@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("single", 1), ("per_zone", 3)])
def test_private_subnets_reach_the_internet_through_as_many_gateways_as_asked_for(
    nat: str, gateways: int
) -> None:
    zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
    network = {"cidr": "10.0.0.0/16", "zones": zones, "nat": nat}
    spec = EksCluster.model_validate({"kind": "eks", "network": network})
    plan = planned(("us-east-1", spec))
    assert len(of_type(plan, "aws:ec2/natGateway:NatGateway")) == gateways
    routes = of_type(plan, "aws:ec2/route:Route")
    assert sum("natGatewayId" in each.properties for each in routes.values()) == (
        3 if gateways else 0
    )
    services = of_type(plan, "aws:ec2/vpcEndpoint:VpcEndpoint")
    assert (len(services) > 1) == (nat == "none")


@pytest.mark.parametrize(
    ("now", "wanted", "told"),
    [
        ("1.35", "1.35", None),
        ("1.35", "1.36", None),
        ("1.36", "1.35", "cannot go back to 1.35"),
        ("1.34", "1.36", "set kubernetes to 1.35, run `pulumi up`, and go on from there"),
    ],
)
def test_kubernetes_goes_up_one_version_at_a_time(now: str, wanted: str, told: str | None) -> None:
    found = refusal(now, wanted)
    assert found is None if told is None else told in str(found)
