"""The account itself: identity, certificates, budgets, and fields that moto drops."""

import re
from typing import Any

from moto.acm.models import acm_backends
from moto.budgets.models import budgets_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.route53.models import route53_backends

from tests.aws.place import Place
from tests.aws.rows import Row, rows
from tests.aws.wire import Document, Refusal

ABSENT = "moto has no such call"
PERIODS = "rotation period of a key"
BUDGET_TAGS = "tags of a budget"
ROTATION_DAYS = 365
SESSION_OF_USER = re.compile(r"arn:([-a-z]+):sts::(\d+):(user/.+)")


# --- identity -------------------------------------------------------------------------------------


def as_user(place: Place, given: Document, answer: Document) -> Document:  # noqa: ARG001
    """Users are IAM's; only sessions of roles are STS's."""
    return answer | {"Arn": SESSION_OF_USER.sub(r"arn:\1:iam::\2:\3", answer["Arn"])}


def list_instance_profile_tags(place: Place, given: Document) -> Document:
    iam = iam_backends[place.account][place.partition]
    profile = iam.get_instance_profile(given["InstanceProfileName"])
    return {"Tags": profile.tags, "IsTruncated": False}


# --- keys and logs --------------------------------------------------------------------------------


def _key(given: Document) -> str:
    return str(given["KeyId"]).rpartition("/")[2]


def keep_period(place: Place, given: Document) -> None:
    place.shelf(PERIODS)[_key(given)] = {"days": given.get("RotationPeriodInDays", ROTATION_DAYS)}


def with_period(place: Place, given: Document, answer: Document) -> Document:
    if not answer["KeyRotationEnabled"]:
        return answer
    kept = place.shelf(PERIODS).get(_key(given), {"days": ROTATION_DAYS})
    return answer | {"RotationPeriodInDays": kept["days"]}


def with_class(place: Place, given: Document, answer: Document) -> Document:  # noqa: ARG001
    for group in answer["logGroups"]:
        group.setdefault("logGroupClass", "STANDARD")
    return answer


def associate_kms_key(place: Place, given: Document) -> Document:
    _log_group(place, given).kms_key_id = given["kmsKeyId"]
    return {}


def disassociate_kms_key(place: Place, given: Document) -> Document:
    _log_group(place, given).kms_key_id = None
    return {}


def _log_group(place: Place, given: Document) -> Any:
    found = logs_backends[place.account][place.region].groups.get(given["logGroupName"])
    if found is None:
        message = "The specified log group does not exist."
        raise Refusal("ResourceNotFoundException", message)
    return found


# --- certificates ---------------------------------------------------------------------------------


def sync(place: Place, given: Document) -> None:  # noqa: ARG001
    """Tell moto which certificates are issued."""
    for arn, certificate in acm_backends[place.account][place.region]._certificates.items():
        if certificate.status in ("ISSUED", "PENDING_VALIDATION"):
            certificate.status = "ISSUED" if issued(place, arn) else "PENDING_VALIDATION"


def by_records(place: Place, given: Document, answer: Document) -> Document:  # noqa: ARG001
    """ACM issues a certificate once the records that it asked for are in public DNS."""
    certificate = answer["Certificate"]
    options = certificate.get("DomainValidationOptions", [])
    if certificate["Status"] in ("ISSUED", "PENDING_VALIDATION") and options:
        done = _all_there(place, options)
        certificate["Status"] = "ISSUED" if done else "PENDING_VALIDATION"
        for option in options:
            option["ValidationStatus"] = "SUCCESS" if done else "PENDING_VALIDATION"
    return answer


def issued(place: Place, arn: str) -> bool | None:
    """Whether a certificate can be used; None where there is no such one."""
    found = acm_backends[place.account][place.region]._certificates.get(arn)
    if found is None:
        return None
    return _all_there(place, found.describe()["Certificate"].get("DomainValidationOptions", []))


def _all_there(place: Place, options: list[Document]) -> bool:
    return {option["ResourceRecord"]["Name"] for option in options} <= _records(place)


def _records(place: Place) -> set[str]:
    zones = route53_backends[place.account][place.partition].zones.values()
    return {
        record.name
        for zone in zones
        if not zone.private_zone
        for record in zone.rrsets
        if record.type == "CNAME"
    }


# --- budgets --------------------------------------------------------------------------------------


def _budget(place: Place, account: str, name: str) -> Any:
    found = budgets_backends[place.account][place.partition].budgets[account].get(name)
    if found is None:
        raise Refusal("NotFoundException", f"Unable to get budget: {name}")
    return found


def describe_subscribers_for_notification(place: Place, given: Document) -> Document:
    budget = _budget(place, given["AccountId"], given["BudgetName"])
    for notification in budget.notifications:
        if given["Notification"].items() <= _with_type(notification.details).items():
            return {"Subscribers": notification.subscribers}
    raise Refusal("NotFoundException", "Unable to get subscribers: there is no such notification")


def _with_type(details: Document) -> Document:
    return {"ThresholdType": "PERCENTAGE", "NotificationState": "OK"} | details


def update_budget(place: Place, given: Document) -> Document:
    wanted = given["NewBudget"]
    _budget(place, given["AccountId"], wanted["BudgetName"]).budget.update(wanted)
    return {}


def keep_budget_tags(place: Place, given: Document, answer: Document) -> Document:
    path = f"{given['AccountId']}:budget/{given['Budget']['BudgetName']}"
    arn = f"arn:{place.partition}:budgets::{path}"
    tags = {tag["Key"]: tag["Value"] for tag in given.get("ResourceTags", [])}
    place.shelf(BUDGET_TAGS)[arn] = tags
    return answer


def list_tags_for_budget(place: Place, given: Document) -> Document:
    tags = place.shelf(BUDGET_TAGS).get(given["ResourceARN"], {})
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def tag_budget(place: Place, given: Document) -> Document:
    tags = place.shelf(BUDGET_TAGS).setdefault(given["ResourceARN"], {})
    tags.update({tag["Key"]: tag["Value"] for tag in given["ResourceTags"]})
    return {}


def untag_budget(place: Place, given: Document) -> Document:
    tags = place.shelf(BUDGET_TAGS).setdefault(given["ResourceARN"], {})
    for key in given["ResourceTagKeys"]:
        tags.pop(key, None)
    return {}


LACKS = [
    Row(
        service="sts",
        operation="GetCallerIdentity",
        why="moto's caller is a user of STS, which no access entry or policy can name",
        amend=as_user,
    ),
    *rows("iam", ABSENT, list_instance_profile_tags=list_instance_profile_tags),
    Row(
        service="kms",
        operation="EnableKeyRotation",
        why="moto drops the rotation period",
        guard=keep_period,
    ),
    Row(
        service="kms",
        operation="GetKeyRotationStatus",
        why="moto drops the rotation period",
        amend=with_period,
    ),
    Row(
        service="logs",
        operation="DescribeLogGroups",
        why="moto drops the class",
        amend=with_class,
    ),
    *rows(
        "logs",
        ABSENT,
        associate_kms_key=associate_kms_key,
        disassociate_kms_key=disassociate_kms_key,
    ),
    Row(
        service="acm",
        operation="DescribeCertificate",
        why="moto issues certificates after a minute, whether or not the records are in DNS",
        guard=sync,
        amend=by_records,
    ),
    Row(
        service="acm",
        operation="ListCertificates",
        why="moto lists certificates as issued after a minute",
        guard=sync,
    ),
    Row(
        service="budgets",
        operation="CreateBudget",
        why="moto drops the tags",
        amend=keep_budget_tags,
    ),
    *rows(
        "budgets",
        ABSENT,
        describe_subscribers_for_notification=describe_subscribers_for_notification,
        update_budget=update_budget,
        list_tags_for_resource=list_tags_for_budget,
        tag_resource=tag_budget,
        untag_resource=untag_budget,
    ),
]
