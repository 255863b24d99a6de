"""Rules of security groups: moto loses descriptions, and what a change is a change to."""

from typing import Any

from moto.ec2.models import ec2_backends

from tests.aws.place import Place
from tests.aws.rows import Row
from tests.aws.wire import Document, Refusal

DESCRIPTIONS = "description of a security group's rule"


def with_descriptions(place: Place, given: Document, answer: Document) -> Document:
    """A new rule described as it was asked for."""
    asked = {_target(rule): rule.get("Description") for rule in _asked(given)}
    for rule in answer.get("SecurityGroupRules", []):
        target = rule.get("ReferencedGroupInfo", {}).get("GroupId") or _target(rule)
        _keep(place, rule["SecurityGroupRuleId"], asked.get(target))
    return described(place, given, answer)


def _asked(given: Document) -> list[Document]:
    return [
        source
        for permission in given.get("IpPermissions", [])
        for kind in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
        for source in permission.get(kind, [])
    ]


def _target(rule: Document) -> str | None:
    members = ("CidrIp", "CidrIpv4", "CidrIpv6", "PrefixListId", "GroupId")
    return next((rule[member] for member in members if rule.get(member)), None)


def _keep(place: Place, rule: str, description: str | None) -> None:
    place.shelf(DESCRIPTIONS)[rule] = {"Description": description} if description else {}


def described(place: Place, given: Document, answer: Document) -> Document:  # noqa: ARG001
    for rule in answer.get("SecurityGroupRules", []):
        rule.pop("Description", None)
        rule |= place.shelf(DESCRIPTIONS).get(rule["SecurityGroupRuleId"], {})
    return answer


def modify_security_group_rules(place: Place, given: Document) -> Document:
    group = ec2_backends[place.account][place.region].get_security_group_from_id(given["GroupId"])
    if group is None:
        raise Refusal("InvalidGroup.NotFound", f"There is no security group {given['GroupId']}")
    known = {rule.id: rule for rule in [*group.ingress_rules, *group.egress_rules]}
    for change in given["SecurityGroupRules"]:
        identity = change["SecurityGroupRuleId"]
        if identity not in known:
            message = f"The security group rule ID '{identity}' does not exist"
            raise Refusal("InvalidSecurityGroupRuleId.NotFound", message)
        _change(place, known[identity], change["SecurityGroupRule"])
    return {"Return": True}


def _change(place: Place, rule: Any, wanted: Document) -> None:
    rule.ip_protocol = wanted["IpProtocol"]
    every = wanted["IpProtocol"] == "-1"
    rule.from_port = None if every else wanted.get("FromPort")
    rule.to_port = None if every else wanted.get("ToPort")
    cidrs = {"CidrIp": wanted.get("CidrIpv4"), "CidrIpv6": wanted.get("CidrIpv6")}
    rule.ip_range = {key: value for key, value in cidrs.items() if value}
    other = wanted.get("ReferencedGroupId")
    rule.source_group = {"GroupId": other, "UserId": place.account} if other else {}
    rule.prefix_list_id = wanted.get("PrefixListId")
    _keep(place, rule.id, wanted.get("Description"))


LOST = "moto loses the description of a rule that names a group or a prefix list"
LACKS = [
    Row(
        service="ec2", operation="AuthorizeSecurityGroupIngress", why=LOST, amend=with_descriptions
    ),
    Row(service="ec2", operation="AuthorizeSecurityGroupEgress", why=LOST, amend=with_descriptions),
    Row(service="ec2", operation="DescribeSecurityGroupRules", why=LOST, amend=described),
    Row(
        service="ec2",
        operation="ModifySecurityGroupRules",
        why="moto changes ports only, and not those of rules for every protocol",
        answer=modify_security_group_rules,
    ),
]
