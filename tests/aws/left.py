"""Everything that is still there: the kinds of `left.yaml`, and what takes more than one call."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]
import yaml
from botocore.config import Config

UNCOUNTED = "ekiben-left"
"""In the user agent of these requests: they are neither throttled nor logged."""

KINDS: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("left.yaml").read_text()
)


def left(url: str, region: str) -> dict[str, list[str]]:
    """Ids by kind; kinds with none are left out."""
    found = {name: _ids(row, url, region) for name, row in KINDS.items()}
    found["key"] = _keys(url, region)
    found["record"] = _records(url, region)
    return {name: sorted(ids) for name, ids in found.items() if ids}


def _ids(row: Mapping[str, Any], url: str, region: str) -> list[str]:
    service, call = next(iter(row.items()))
    answer = _listed(_client(service, url, region), call, row.get("given", {}))
    found: list[str] = jmespath.search(row["ids"], answer) or []
    return found


def _keys(url: str, region: str) -> list[str]:
    """Keys of the account's own that nobody has scheduled for deletion."""
    kms = _client("kms", url, region)
    keys = [key["KeyId"] for key in _listed(kms, "list_keys", {})["Keys"]]
    described = [kms.describe_key(KeyId=key)["KeyMetadata"] for key in keys]
    ours = [key for key in described if key["KeyManager"] == "CUSTOMER"]
    return [key["KeyId"] for key in ours if key["KeyState"] != "PendingDeletion"]


def _records(url: str, region: str) -> list[str]:
    """DNS records beside those that a zone comes with."""
    route53 = _client("route53", url, region)
    zones = [zone["Id"] for zone in _listed(route53, "list_hosted_zones", {})["HostedZones"]]
    return [
        f"{record['Type']} {record['Name']}"
        for zone in zones
        for record in _listed(route53, "list_resource_record_sets", {"HostedZoneId": zone})[
            "ResourceRecordSets"
        ]
        if record["Type"] not in ("NS", "SOA")
    ]


def _listed(client: Any, call: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The whole answer, all its pages."""
    found: dict[str, Any]
    if client.can_paginate(call):
        found = client.get_paginator(call).paginate(**given).build_full_result()
    else:
        found = getattr(client, call)(**given)
    return found


@cache
def _client(service: str, url: str, region: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id="left",
        aws_secret_access_key="left",
        config=Config(user_agent_extra=UNCOUNTED, retries={"total_max_attempts": 1}),
    )
