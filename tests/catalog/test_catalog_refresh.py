"""The data files come out of their sources by one command, and the committed ones did."""

import gzip
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.catalog import refresh, tables
from ekiben.catalog.instances import letters

MOTO = refresh.installed_moto()


@pytest.mark.skipif(MOTO is None, reason="moto is not installed")
@pytest.mark.parametrize("name", ["instance_types", "left_out", "offerings"])
def test_the_committed_files_are_what_the_installed_moto_gives(name: str) -> None:
    assert MOTO
    committed = tables.read(name)
    made = refresh.tables_of_moto(MOTO, committed.head["date"])[name]
    advice = "python -m ekiben.catalog.refresh makes it anew"
    assert tables.text(made) == tables.text(committed), advice


def karpenter() -> Path | None:
    """The Go module that the committed prices came from, where it was downloaded."""
    module, version = tables.read("prices").head["source"].split(":")[0].split(" ")
    cache = os.environ.get("GOMODCACHE") or Path.home() / "go" / "pkg" / "mod"
    folder = Path(cache) / f"{module}@{version}"
    return folder if folder.is_dir() else None


@pytest.mark.skipif(karpenter() is None, reason="Karpenter's Go module is not downloaded")
def test_the_committed_prices_are_what_karpenter_gives() -> None:
    folder = karpenter()
    assert folder
    assert tables.text(refresh.table_of_prices(folder)) == tables.text(tables.read("prices"))


def info(name: str, **more: Any) -> dict[str, Any]:
    """A type as EC2 describes it, by what is read of that; m5.large where nothing is given."""
    card = {"NetworkCardIndex": 0, "MaximumNetworkInterfaces": 3}
    return {
        "InstanceType": name,
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        "VCpuInfo": {"DefaultVCpus": 2},
        "MemoryInfo": {"SizeInMiB": 8192},
        "NetworkInfo": {
            "DefaultNetworkCardIndex": 0,
            "NetworkCards": [card],
            "Ipv4AddressesPerInterface": 10,
        },
        "EbsInfo": {"EbsOptimizedInfo": {"BaselineThroughputInMBps": 81.25}},
        "BareMetal": False,
        "Hypervisor": "nitro",
        "BurstablePerformanceSupported": False,
        "SupportedUsageClasses": ["on-demand", "spot"],
        "CurrentGeneration": True,
        **more,
    }


def gpus(count: int, maker: str = "NVIDIA") -> dict[str, Any]:
    memory = {"SizeInMiB": 22888}
    return {"Gpus": [{"Count": count, "Manufacturer": maker, "Name": "L4", "MemoryInfo": memory}]}


def test_a_type_becomes_a_line() -> None:
    assert refresh.row(info("m5.large")) == (
        *("m5.large", "amd64", "2", "8192", "29", "", "0", "", "0", "0", "0", "81.25", ""),
        *("no", "nitro", "no", "yes", "yes"),
    )


def test_disks_count_where_they_are_nvme() -> None:
    disks = {"TotalSizeInGB": 250, "NvmeSupport": "required"}
    assert refresh.row(info("g6.xlarge", InstanceStorageInfo=disks))[10] == "250"
    old = {**disks, "NvmeSupport": "unsupported"}
    assert refresh.row(info("m1.large", InstanceStorageInfo=old))[10] == "0"


LEFT_OUT = [
    ("m5.large", {}, None),
    ("g6.xlarge", {"GpuInfo": gpus(1)}, None),
    ("g6f.large", {"GpuInfo": gpus(0)}, "part of a GPU"),
    ("g4ad.xlarge", {"GpuInfo": gpus(1, "AMD")}, "another maker"),
    ("mac2.metal", {"ProcessorInfo": {"SupportedArchitectures": ["arm64_mac"]}}, "macOS"),
    ("a1.large", {}, "Graviton"),
    ("f2.6xlarge", {"FpgaInfo": {}}, "not for models"),
    ("vt1.3xlarge", {"MediaAcceleratorInfo": {}}, "not for models"),
    ("dl2q.24xlarge", {"InferenceAcceleratorInfo": {}}, "no device plugin"),
    ("inf2.xlarge", {"InferenceAcceleratorInfo": {}, "NeuronInfo": {}}, None),
    ("trn2u.48xlarge", {}, "tells nothing"),
]


@pytest.mark.parametrize(("name", "more", "reason"), LEFT_OUT)
def test_what_cannot_be_a_node_is_left_out(
    name: str, more: Mapping[str, Any], reason: str | None
) -> None:
    found = refresh.left_out(info(name, **more))
    assert (reason in found) if reason and found else (found is reason)


@given(st.dictionaries(st.sampled_from(["m5.large", "m5.xlarge", "m5.metal"]), st.text("abc")))
def test_no_zone_is_lost_in_a_familys_lines(zones: dict[str, str]) -> None:
    lines = dict(refresh.lines_of_family("m5", zones)) if zones else {}
    assert {name: letters(lines, name) for name in zones} == zones


GO = """\
// generated at 2026-07-20T13:44:30Z for us-east-1

var InitialOnDemandPrices = map[string]map[ec2types.InstanceType]float64{
\t// us-east-1
\t"us-east-1": {
\t\t// m5 family
\t\t"m5.12xlarge": 2.304000, "m5.24xlarge": 100.000000,
\t\t"u-6tb1.112xlarge": 54.600000,
\t},
}
"""
GOV = """\
// generated at 2026-08-24T13:29:56Z for us-east-1

\t"us-gov-east-1": {
\t\t"m5.12xlarge": 2.900000,
\t},
\t"us-gov-west-1": {
\t\t"m5.12xlarge": 3.000000, "m5.24xlarge": 6,
\t},
"""


def test_everything_is_made_of_its_sources(tmp_path: Path) -> None:
    moto = sources(tmp_path, {"m5.large": info("m5.large"), "a1.large": info("a1.large")})
    found = refresh.tables_of_moto(moto, "2026-10-27")
    assert found["instance_types"].head["source"].startswith("moto 9.9.9: ")
    assert {table.head["date"] for table in found.values()} == {"2026-10-27"}
    assert [row[0] for row in found["instance_types"].rows] == ["m5.large"]
    assert [row[0] for row in found["left_out"].rows] == ["a1.large"]
    assert found["offerings"].rows == [("us-east-1", "m5.*", "ab")]


def pricing(folder: Path, go: str) -> Path:
    """A folder of the shape of Karpenter's Go module."""
    module = folder / "karpenter-provider-aws@v1.15.1"
    prices = module / "pkg" / "providers" / "pricing"
    prices.mkdir(parents=True)
    (prices / "zz_generated.pricing_aws.go").write_text(go)
    (prices / "zz_generated.pricing_aws_us_gov.go").write_text(GOV)
    return module


def test_prices_keep_their_digits_and_their_day(tmp_path: Path) -> None:
    table = refresh.table_of_prices(pricing(tmp_path, GO))
    assert table.columns == ("type", "us-east-1", "us-gov-east-1", "us-gov-west-1")
    assert table.rows == [
        ("m5.12xlarge", "2.304", "2.9", "3"),
        ("m5.24xlarge", "100", "", "6"),
        ("u-6tb1.112xlarge", "54.6", "", ""),
    ]
    assert table.head["source"].startswith("github.com/aws/karpenter-provider-aws v1.15.1: ")
    assert table.head["date us-east-1"] == "2026-07-20"
    assert table.head["date us-gov-west-1"] == "2026-08-24"


def test_prices_of_another_form_are_refused_rather_than_lost(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="another form now"):
        refresh.table_of_prices(
            pricing(tmp_path, GO.replace('"us-east-1": {', '"us-east-1": map{'))
        )


def sources(folder: Path, infos: Mapping[str, Any]) -> Path:
    """A folder of moto's shape, of a version of its own; gives the package's folder."""
    metadata = folder / "moto-9.9.9.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.4\nName: moto\nVersion: 9.9.9\n")
    resources = folder / "moto" / "ec2" / "resources"
    zones = resources / "instance_type_offerings" / "availability-zone"
    zones.mkdir(parents=True)
    offered = [
        {"InstanceType": name, "Location": f"us-east-1{letter}"}
        for name in infos
        for letter in "ba"
    ]
    for path, content in (
        (resources / "instance_types.json.gz", infos),
        (zones / "us-east-1.json.gz", offered),
    ):
        path.write_bytes(gzip.compress(json.dumps(content).encode()))
    return folder / "moto"
