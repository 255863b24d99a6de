"""Clusters on AWS as people get them wrong, and what they are told."""

from pathlib import Path

import pytest

from tests.projects import Project

FILE = "stacks/Pulumi.dev.yaml"
NETWORK = "network: {cidr: 10.20.0.0/16, zones: [us-east-1a, us-east-1b]}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def cluster(rest: str, network: str = NETWORK, region: str = "us-east-1") -> str:
    """A stack file whose cluster stands at line 4, `rest` at line 7, column 5."""
    given = f"  aws:region: {region}\n" if region else "  # no region\n"
    return (
        f"config:\n{given}  ekiben:team: vision\n"
        f"  ekiben:cluster:\n    kind: eks\n    {network}\n    {rest}\n"
    )


GROUP = "ekiben:cluster.node_groups.gpu"
WRONG = [
    (
        "node_groups: {gpu: {instance_types: [g6.xlarg], max: 2}}",
        f"7:42: {GROUP}.instance_types.0: given 'g6.xlarg', which is no instance type that a node"
        " can be; did you mean 'g6.xlarge'?",
    ),
    (
        "node_groups: {gpu: {instance_types: [m7i.large, m7g.large], max: 2}}",
        f"7:53: {GROUP}.instance_types.1: m7g.large has the architecture arm64, m7i.large has"
        " amd64; give them groups of their own",
    ),
    (
        "node_groups: {gpu: {instance_types: [g6.xlarge, m7i.large], max: 2}}",
        f"7:53: {GROUP}.instance_types.1: m7i.large has the accelerator none, g6.xlarge has"
        " nvidia; give them groups of their own",
    ),
    (
        "node_groups: {gpu: {instance_types: [g6.xlarge], min: 3, max: 2}}",
        f"7:19: {GROUP}: min (3) is greater than max (2)",
    ),
    (
        "node_groups: {gpu: {instance_types: [g6.xlarge], max: 0}}",
        f"7:19: {GROUP}: max is 0, so no node could ever be there; leave the group out",
    ),
    (
        "node_groups: {gpu: {instance_types: [g6.xlarge], max: 2, gpu_sharing: {shares: 4}}}",
        f"7:19: {GROUP}: gpu_sharing needs a group of a fixed size; set min (0) and max (2) to the"
        " same number",
    ),
    (
        "node_groups: {gpu: {instance_types: [m7i.large], min: 1, max: 1,"
        " gpu_sharing: {shares: 4}}}",
        f"7:70: {GROUP}.gpu_sharing: is given, and m7i.large has no NVIDIA GPU to share",
    ),
    (
        "node_groups: {gpu: {instance_types: [g6.xlarge], max: 2, disk: {size: 10Gi}}}",
        f"7:62: {GROUP}.disk: size 10Gi is not a whole number of gibibytes from 20Gi to 16Ti",
    ),
    (
        "node_groups: {system: {instance_types: [m7i.large], max: 2}}",
        "7:19: ekiben:cluster.node_groups.system: given 'system'; is the group that Ekiben keeps"
        " for itself; choose another name",
    ),
    (
        "node_groups: {gpu: {instance_types: [g6.xlarge], max: 2,"
        " labels: {karpenter.sh/nodepool: mine}}}",
        f"7:71: {GROUP}.labels.'karpenter.sh/nodepool': given 'karpenter.sh/nodepool'; belongs to"
        " Kubernetes, EKS, Karpenter or Ekiben; choose another name",
    ),
    (
        "kubernetes: 1.29",
        "7:5: ekiben:cluster.kubernetes: given '1.29'; expected '1.34', '1.35' or '1.36'",
    ),
    (
        "endpoint: {public_cidrs: [203.0.113.7/24]}",
        "7:31: ekiben:cluster.endpoint.public_cidrs.0: given '203.0.113.7/24'; has bits set behind"
        " its prefix; expected 203.0.113.0/24",
    ),
    (
        "admins: ['arn:aws:sts::123456789012:assumed-role/Deploy/ada']",
        "7:14: ekiben:cluster.admins.0: given 'arn:aws:sts::123456789012:assumed-role/Deploy/ada';"
        " expected an ARN such as arn:aws:iam::123456789012:role/Deploy",
    ),
    (
        "load_balancer: {public: true}",
        "7:5: ekiben:cluster.load_balancer: is public without a domain: without a certificate"
        " requests would go over the Internet unencrypted; give it a domain, or leave it inside the"
        " network",
    ),
    (
        "load_balancer: {domain: ml.example.com}",
        "7:5: ekiben:cluster.load_balancer: has the domain ml.example.com and no way to a"
        " certificate for it; give the zone of Route 53 that it is in, or the certificate",
    ),
    (
        "load_balancer: {source_cidrs: []}",
        "7:21: ekiben:cluster.load_balancer.source_cidrs: given []; names no network, so nobody"
        " could reach the gateway",
    ),
    (
        "account: 12345",
        "7:5: ekiben:cluster.account: given '12345'; expected the twelve digits of an AWS account",
    ),
]


@pytest.mark.parametrize(("written", "told"), WRONG)
def test_a_mistake_is_told_with_its_place_and_what_to_do(
    project: Project, written: str, told: str
) -> None:
    project.stack(cluster(written))
    assert project.complaint() == f"{FILE}:{told}"


NETWORKS = [
    (
        "network: {cidr: 10.20.0.0/16, zones: [us-east-1a]}",
        "ekiben:cluster.network: names 1 zones; EKS needs two at least",
    ),
    (
        "network: {cidr: 10.20.0.0/24, zones: [us-east-1a, us-east-1b]}",
        "ekiben:cluster.network.cidr: given '10.20.0.0/24'; expected a network of /16 to /22",
    ),
    (
        "network: {cidr: 8.8.0.0/16, zones: [us-east-1a, us-east-1b]}",
        "ekiben:cluster.network.cidr: given '8.8.0.0/16'; expected a private network: in 10/8,"
        " 172.16/12, 192.168/16 or 100.64/10",
    ),
    (
        "network: {cidr: 10.20.0.0/16, zones: [us-east-1a, us-east-2b]}",
        "ekiben:cluster.network.zones.1: given 'us-east-2b'; expected a zone of the region"
        " us-east-1, such as us-east-1a",
    ),
    (
        "network: {cidr: 10.20.0.0/16, zones: [us-west-2-lax-1a, us-east-1a]}",
        "ekiben:cluster.network.zones.0: given 'us-west-2-lax-1a'; expected an availability zone"
        " such as us-east-1a",
    ),
    (
        "network: {vpc: vpc-0a1b2c3d, cidr: 10.20.0.0/16}",
        "ekiben:cluster.network: gives cidr beside a vpc that is there; keep one of them",
    ),
    (
        "network: {vpc: vpc-0a1b2c3d, private_subnets: [subnet-0a1b2c3d, subnet-0a1b2c3e]}",
        "ekiben:cluster.network: gives a vpc without its vpc_cidr, such as 10.20.0.0/16",
    ),
    (
        "network: {vpc: vpc-0a1b2c3d, private_subnets: [subnet-0a1b2c3d]}",
        "ekiben:cluster.network: gives a vpc without two private_subnets at least",
    ),
    ("name: nothing", "ekiben:cluster.network: is missing; give it a value"),
]


@pytest.mark.parametrize(("network", "told"), NETWORKS)
def test_a_network_that_cannot_be_is_refused(project: Project, network: str, told: str) -> None:
    project.stack(cluster("protect: true", network))
    assert project.complaint().partition(" ")[2] == told


def test_a_cluster_on_aws_needs_its_region(project: Project) -> None:
    project.stack(cluster("protect: true", region=""))
    assert project.complaint() == (
        f"{FILE}:4:3: aws:region: is missing; a cluster of kind eks needs its region,"
        " such as us-east-1"
    )
    project.stack(cluster("protect: true", region="Frankfurt"))
    assert "aws:region: given 'Frankfurt'; expected a region of AWS" in project.complaint()


def test_a_type_that_the_region_does_not_offer_is_refused_with_the_closest_it_has(
    project: Project,
) -> None:
    network = "network: {cidr: 10.20.0.0/16, zones: [af-south-1a, af-south-1b]}"
    group = "node_groups: {gpu: {instance_types: [p5.48xlarge], max: 1}}"
    project.stack(cluster(group, network, "af-south-1"))
    told = project.complaint()
    assert "given 'p5.48xlarge', which af-south-1 does not offer (as of 20" in told
    assert "; closest there: " in told


def test_numbers_are_taken_as_they_are_written(project: Project) -> None:
    project.stack(
        cluster("{kubernetes: 1.35, account: 012345670123}".strip("{}").replace(", ", "\n    "))
    )
    found = project.load().cluster
    assert found.kind == "eks"
    assert (found.kubernetes, found.account) == ("1.35", "012345670123")


def test_a_team_on_the_cluster_of_a_platform_has_its_region(project: Project) -> None:
    project.stack(cluster("protect: true"), "prod")
    project.stack("config: {ekiben:team: speech, ekiben:cluster: {kind: stack, stack: prod}}\n")
    found = project.load()
    assert (found.cluster.kind, found.platform, found.region) == ("eks", "prod", "us-east-1")
