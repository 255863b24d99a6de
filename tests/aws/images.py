"""SSM's public parameters of machine images for EKS nodes."""

import hashlib
import json
import re

from tests.aws.eks.table import VERSIONS
from tests.aws.place import Place, now
from tests.aws.rows import Row
from tests.aws.wire import Document

AMAZON_LINUX = re.compile(
    r"/aws/service/eks/optimized-ami/(?P<version>[\d.]+)/amazon-linux-2023/"
    r"(?P<arch>x86_64|arm64)/(?P<kind>standard|nvidia|neuron)/"
    r"(?P<which>recommended|amazon-eks-node-[-\w.]+)(?P<part>/image_id|/release_version|/image_name)?"
)
BOTTLEROCKET = re.compile(
    r"/aws/service/bottlerocket/aws-k8s-(?P<version>[\d.]+)(?P<kind>-nvidia)?/"
    r"(?P<arch>x86_64|arm64)/(?P<which>latest|[\d.]+(?:-\w+)?)/(?P<part>image_id|image_version)"
)
NEVER = {("arm64", "neuron")}


def value(name: str) -> str | None:
    """What a public parameter holds; None where EKS has no such image."""
    found = AMAZON_LINUX.fullmatch(name) or BOTTLEROCKET.fullmatch(name)
    if not found or found["version"] not in VERSIONS or (found["arch"], found["kind"]) in NEVER:
        return None
    part = (found["part"] or "").strip("/")
    stem = name.removesuffix(f"/{part}") if part else name
    release = VERSIONS[found["version"]].ami_release
    image = {
        "image_id": f"ami-{hashlib.sha256(stem.encode()).hexdigest()[:17]}",
        "image_name": f"{stem.split('/')[-2]}-{release}",
        "release_version": release,
        "image_version": "1.50.0-00000000",
    }
    return image[part] if part else json.dumps(image)


def _parameter(place: Place, name: str, held: str) -> Document:
    return {
        "Name": name,
        "Type": "String",
        "Value": held,
        "Version": 1,
        "LastModifiedDate": now(),
        "ARN": f"arn:{place.partition}:ssm:{place.region}::parameter{name}",
        "DataType": "text",
    }


def get_parameter(place: Place, given: Document) -> Document | None:
    held = value(given["Name"])
    return None if held is None else {"Parameter": _parameter(place, given["Name"], held)}


LACKS = [
    Row(
        service="ssm",
        operation="GetParameter",
        why="moto has no parameters of EKS's machine images",
        answer=get_parameter,
    )
]
