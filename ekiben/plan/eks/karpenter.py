"""Karpenter's half in AWS: what it may do there, and how it hears of interruptions.

Its nodes carry an instance profile of ours, so that it needs no rights in IAM but to hand over
that profile's role. What it starts and ends bears the cluster's tag, and nothing else is in its
reach (https://karpenter.sh/docs/reference/cloudformation/).
"""

from typing import Any

from .cluster import entry
from .names import Home, named
from .policy import Document, Statement, allow, document, grant, only_by_tls, pod_trust
from .resource import Resource, Resources, ref
from .roles import entitled, node_role, role

NAMESPACE = "kube-system"
"""Where API Priority and Fairness favours it (https://karpenter.sh/docs/getting-started)."""

ACCOUNT = "karpenter"
PROFILE = "karpenter-profile"
QUEUE = "interruptions"

EVENTS = {
    "health": ("aws.health", "AWS Health Event"),
    "spot": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state": ("aws.ec2", "EC2 Instance State-change Notification"),
    "reservation": ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
}
"""What Karpenter is told of, by the name of its rule: source and type of the event."""


def karpenter(home: Home) -> Resources:
    return {**_nodes(home), **_queue(home), **_rules(), **_controller(home)}


def _nodes(home: Home) -> Resources:
    """The role of the nodes that Karpenter starts, and its way into the cluster."""
    nodes = node_role(home, "karpenter-node")
    own, *policies = nodes
    return {
        **nodes,
        PROFILE: Resource(
            type="aws:iam/instanceProfile:InstanceProfile",
            properties={"role": ref(own, "name")},
            needs=tuple(policies),
        ),
        "karpenter-node-entry": entry(ref(own, "arn"), "EC2_LINUX"),
    }


def _queue(home: Home) -> Resources:
    """Events of the last five minutes; older ones are of no use."""
    send = grant(
        "Events",
        {"Service": ["events.amazonaws.com"]},
        ["sqs:SendMessage"],
        [ref(QUEUE, "arn")],
        {"ArnLike": {"aws:SourceArn": home.arn("events", "rule/*")}},
    )
    sending = ["sqs:SendMessage", "sqs:ReceiveMessage"]
    secure = only_by_tls("Encrypted", sending, [ref(QUEUE, "arn")])
    return {
        QUEUE: Resource(
            type="aws:sqs/queue:Queue",
            properties={
                "messageRetentionSeconds": 300,
                "sqsManagedSseEnabled": True,
                **named(home.name("interruptions")),
            },
        ),
        "interruptions-policy": Resource(
            type="aws:sqs/queuePolicy:QueuePolicy",
            properties={"queueUrl": ref(QUEUE, "url"), "policy": document(send, secure)},
        ),
    }


def _rules() -> Resources:
    found: Resources = {}
    for name, (source, kind) in EVENTS.items():
        rule = f"interruptions-{name}"
        found[rule] = Resource(
            type="aws:cloudwatch/eventRule:EventRule",
            properties={"eventPattern": {"source": [source], "detail-type": [kind]}},
        )
        found[f"{rule}-target"] = Resource(
            type="aws:cloudwatch/eventTarget:EventTarget",
            properties={"rule": ref(rule, "name"), "arn": ref(QUEUE, "arn")},
            needs=("interruptions-policy",),
        )
    return found


def _controller(home: Home) -> Resources:
    return {
        "karpenter-role": role(pod_trust()),
        "karpenter-rights": entitled("karpenter-role", rights(home)),
        "karpenter-identity": Resource(
            type="aws:eks/podIdentityAssociation:PodIdentityAssociation",
            properties={
                "clusterName": ref("cluster", "name"),
                "namespace": NAMESPACE,
                "serviceAccount": ACCOUNT,
                "roleArn": ref("karpenter-role", "arn"),
            },
        ),
    }


def rights(home: Home) -> Document:
    """What the controller may do. Reads that AWS does not divide by resource go by region."""
    return document(*_starting(home), *_ending(home), *_reading(home), _passing())


def _owned(home: Home, of: str) -> dict[str, Any]:
    """Of a request or a resource (`of`): the cluster's tag, and that of some node pool."""
    return {
        "StringEquals": {f"aws:{of}Tag/kubernetes.io/cluster/{home.cluster}": "owned"},
        "StringLike": {f"aws:{of}Tag/karpenter.sh/nodepool": "*"},
    }


def _ec2(home: Home, *kinds: str, account: str | None = None) -> list[str]:
    owner = home.account if account is None else account
    return [f"arn:{home.partition}:ec2:{home.region}:{owner}:{kind}/*" for kind in kinds]


def _starting(home: Home) -> list[Statement]:
    start = ["ec2:RunInstances", "ec2:CreateFleet"]
    made = _ec2(
        home,
        "fleet",
        "instance",
        "volume",
        "network-interface",
        "launch-template",
        "spot-instances-request",
    )
    used = [
        # Images and snapshots of AWS belong to accounts of its own.
        *_ec2(home, "image", "snapshot", account=""),
        *_ec2(home, "security-group", "subnet", "capacity-reservation"),
    ]
    templates = {"StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{home.cluster}": "owned"}}
    while_made = _owned(home, "Request")
    while_made["StringEquals"] |= {
        "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"]
    }
    later = _owned(home, "Resource")
    later["ForAllValues:StringEquals"] = {
        "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]
    }
    return [
        allow("Use", start, used),
        allow("UseOwnTemplates", start, _ec2(home, "launch-template"), templates),
        allow("Start", [*start, "ec2:CreateLaunchTemplate"], made, _owned(home, "Request")),
        allow("TagWhileMade", ["ec2:CreateTags"], made, while_made),
        allow("TagLater", ["ec2:CreateTags"], _ec2(home, "instance"), later),
    ]


def _ending(home: Home) -> list[Statement]:
    end = ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"]
    own = _ec2(home, "instance", "launch-template")
    return [allow("End", end, own, _owned(home, "Resource"))]


def _reading(home: Home) -> list[Statement]:
    describe = (
        *("CapacityReservations", "Images", "Instances", "InstanceStatus"),
        *("InstanceTypeOfferings", "InstanceTypes", "LaunchTemplates", "PlacementGroups"),
        *("SecurityGroups", "SpotPriceHistory", "Subnets"),
    )
    region = {"StringEquals": {"aws:RequestedRegion": home.region}}
    parameters = f"arn:{home.partition}:ssm:{home.region}::parameter/aws/service/*"
    profiles = [home.iam(f"instance-profile/{ref(PROFILE, 'name')}")]
    return [
        allow("Describe", [f"ec2:Describe{what}" for what in describe], ["*"], region),
        allow("Prices", ["pricing:GetProducts"], ["*"]),
        allow("Images", ["ssm:GetParameter"], [parameters]),
        allow("Profile", ["iam:GetInstanceProfile"], profiles),
        allow("Cluster", ["eks:DescribeCluster"], [home.arn("eks", f"cluster/{home.cluster}")]),
        allow(
            "Interruptions",
            ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
            [ref(QUEUE, "arn")],
        ),
    ]


def _passing() -> Statement:
    to_nodes = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    return allow("Pass", ["iam:PassRole"], [ref("karpenter-node-role", "arn")], to_nodes)
