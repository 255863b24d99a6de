"""Names that AWS gives to things: accounts, regions, zones, ARNs, ids."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints

from .values import text

ACCOUNT_PATTERN = r"^[0-9]{12}$"
REGION_PATTERN = r"^[a-z]{2}(-[a-z]+)+-[0-9]$"
ZONE_PATTERN = r"^[a-z]{2}(-[a-z]+)+-[0-9][a-f]$"
PRINCIPAL_PATTERN = r"^arn:aws[-a-z]*:iam::[0-9]{12}:(role|user)/[-A-Za-z0-9_+=,.@/]+$"
CERTIFICATE_PATTERN = r"^arn:aws[-a-z]*:acm:[-a-z0-9]+:[0-9]{12}:certificate/[-a-z0-9]{1,64}$"
VPC_PATTERN = r"^vpc-[0-9a-f]{8,17}$"
SUBNET_PATTERN = r"^subnet-[0-9a-f]{8,17}$"
RESERVATION_PATTERN = r"^cr-[0-9a-f]{8,17}$"
ZONE_ID_PATTERN = r"^Z[A-Z0-9]{5,31}$"
CIDR_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"

Account = Annotated[str, BeforeValidator(text), StringConstraints(pattern=ACCOUNT_PATTERN)]
Zone = Annotated[str, StringConstraints(pattern=ZONE_PATTERN)]
"""An availability zone with a letter from a to f; local and wavelength zones hold no cluster."""

Principal = Annotated[str, StringConstraints(pattern=PRINCIPAL_PATTERN, max_length=600)]
"""A role or user of IAM. Sessions of a role (`arn:aws:sts::...:assumed-role/...`) are not one."""

Certificate = Annotated[str, StringConstraints(pattern=CERTIFICATE_PATTERN)]
VpcId = Annotated[str, StringConstraints(pattern=VPC_PATTERN)]
SubnetId = Annotated[str, StringConstraints(pattern=SUBNET_PATTERN)]
ReservationId = Annotated[str, StringConstraints(pattern=RESERVATION_PATTERN)]

LogDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]
"""For how many days CloudWatch can be told to keep logs."""

PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}


def partition(region: str) -> str:
    """The part of AWS that a region belongs to, as it stands in ARNs."""
    return next(
        (name for start, name in PARTITIONS.items() if region.startswith(f"{start}-")), "aws"
    )
