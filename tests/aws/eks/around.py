"""What EKS looks up in other services before it accepts a request: moto's state of those."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from werkzeug.exceptions import HTTPException

from tests.aws.place import Place, fresh_id
from tests.aws.wire import Document, Refusal

INVALID = "InvalidParameterException"


@dataclass(frozen=True)
class Subnet:
    id: str
    vpc: str
    zone: str


def subnets(place: Place, ids: Iterable[str]) -> list[Subnet]:
    backend = ec2_backends[place.account][place.region]
    found = []
    for each in ids:
        try:
            subnet = backend.get_subnet(each)
        except (ServiceException, HTTPException) as absent:
            raise Refusal(INVALID, f"The subnet ID '{each}' does not exist") from absent
        found.append(Subnet(subnet.id, subnet.vpc_id, subnet.availability_zone))
    return found


def check_groups(place: Place, ids: Iterable[str]) -> None:
    backend = ec2_backends[place.account][place.region]
    for each in ids:
        if backend.get_security_group_from_id(each) is None:
            raise Refusal(INVALID, f"The security group '{each}' does not exist")


def cluster_group(place: Place, cluster: str, vpc: str) -> str:
    """The security group that EKS makes for a cluster; its members reach each other."""
    made = ec2_backends[place.account][place.region].create_security_group(
        f"eks-cluster-sg-{cluster}-{fresh_id()[:8]}",
        "EKS created security group applied to ENI that is attached to EKS Control Plane",
        vpc_id=vpc,
        tags={"aws:eks:cluster-name": cluster, f"kubernetes.io/cluster/{cluster}": "owned"},
    )
    return str(made.id)


def remove_cluster_group(place: Place, group: str) -> None:
    ec2_backends[place.account][place.region].delete_security_group(group_id=group)


def join(place: Place, cluster: str, group: str, subnets: Iterable[str]) -> None:
    """EKS's own interfaces in a cluster's subnets, by which its API server reaches nodes."""
    backend = ec2_backends[place.account][place.region]
    for each in subnets:
        subnet = backend.get_subnet(each)
        backend.create_network_interface(
            subnet, "", group_ids=[group], description=_interface(cluster)
        )


def leave(place: Place, cluster: str) -> None:
    backend = ec2_backends[place.account][place.region]
    ours = [i.id for i in backend.enis.values() if i.description == _interface(cluster)]
    for each in ours:
        backend.delete_network_interface(each)


def _interface(cluster: str) -> str:
    return f"Amazon EKS {cluster}"


def check_role(place: Place, arn: str, service: str, actions: Iterable[str] = ()) -> None:
    """That a role is there and that the service may assume it."""
    role = _role(place, arn)
    if role is None:
        raise Refusal(INVALID, f"Role provided in the request does not exist: {arn}")
    document: Document = json.loads(role.assume_role_policy_document)
    wanted = {"sts:AssumeRole", *actions}
    if not wanted <= _allowed(document, service):
        raise Refusal(
            INVALID,
            f"Role could not be assumed because the trusted entity is not correct: {arn} has to "
            f"let {service} do {', '.join(sorted(wanted))}",
        )


def _allowed(document: Document, service: str) -> set[str]:
    statements = [s for s in _listed(document.get("Statement")) if s.get("Effect") == "Allow"]
    trusting = [s for s in statements if service in _listed(s.get("Principal", {}).get("Service"))]
    return {action for statement in trusting for action in _listed(statement.get("Action"))}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def role_exists(place: Place, arn: str) -> bool:
    return _role(place, arn) is not None


def _role(place: Place, arn: str) -> Any:
    roles = iam_backends[place.account][place.partition].get_roles()
    return next((role for role in roles if role.arn == arn), None)


def check_key(place: Place, arn: str) -> None:
    if arn.rpartition("/")[2] not in kms_backends[place.account][place.region].keys:
        raise Refusal(INVALID, f"The keyArn in encryptionConfig does not exist: {arn}")


def make_log_group(place: Place, name: str) -> None:
    """EKS makes a cluster's log group where it finds none."""
    backend = logs_backends[place.account][place.region]
    if name not in backend.groups:
        backend.create_log_group(name, {})


@dataclass(frozen=True)
class Template:
    """A version of a launch template."""

    id: str
    name: str
    version: str
    data: Document


def launch_template(place: Place, given: Document) -> Template:
    backend = ec2_backends[place.account][place.region]
    if ("id" in given) == ("name" in given):
        raise Refusal(INVALID, "Either provide launch template ID or launch template name")
    found = next(
        (
            each
            for each in backend.launch_templates.values()
            if given.get("id") == each.id or given.get("name") == each.name
        ),
        None,
    )
    if found is None:
        raise Refusal(INVALID, f"You must specify a valid launch template: {given}")
    wanted = str(given.get("version", "$Default"))
    number = {"$Default": found.default_version_number, "$Latest": found.latest_version_number}
    version = number.get(wanted, wanted)
    for each in found.versions:
        if str(each.number) == str(version):
            return Template(found.id, found.name, str(version), each.data)
    raise Refusal(INVALID, f"Launch template {found.id} has no version {wanted}")


def architectures(place: Place, types: Iterable[str]) -> set[str]:
    """Architectures of instance types, in EC2's words."""
    backend = ec2_backends[place.account][place.region]
    found: set[str] = set()
    for each in types:
        try:
            known = backend.describe_instance_types(instance_types=[each])
        except (ServiceException, HTTPException) as absent:
            raise Refusal(INVALID, f"The instance type '{each}' is not known") from absent
        found.update(known[0]["ProcessorInfo"]["SupportedArchitectures"])
    return found
