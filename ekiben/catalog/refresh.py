"""Writes the catalogue's data files anew, out of what moto and Karpenter gathered from AWS.

    go mod download -json github.com/aws/karpenter-provider-aws@v1.15.1    # its "Dir"
    python -m ekiben.catalog.refresh --moto-date 2026-10-27 --karpenter DIR

moto is the installed one, or the package below `--moto`; its data bears no date, so the day of its
release is given by hand. Without `--karpenter` the prices stay as they are. Read the diff: it is
the change.
"""

import argparse
import gzip
import importlib.util
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from .tables import FOLDER, Table, text

WRITTEN = "Written by `python -m ekiben.catalog.refresh`; a change here is lost."
TYPE_COLUMNS = (
    *("name", "architecture", "vcpus", "memory_mib", "max_pods"),
    *("accelerator", "accelerators", "accelerator_name", "accelerator_memory_mib"),
    *("neuron_cores", "local_disk_gb", "ebs_baseline_mb_s", "ebs_maximum_mb_s"),
    *("bare_metal", "hypervisor", "burstable", "spot", "current_generation"),
)
ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
PRICES = (
    ("zz_generated.pricing_aws.go", "us-east-1"),
    ("zz_generated.pricing_aws_us_gov.go", "us-gov-east-1"),
    ("zz_generated.pricing_aws_us_gov.go", "us-gov-west-1"),
)
"""Karpenter's files and the regions in them. China's prices are in yuan, hence left out."""

GENERATED = r"generated at (\d{4}-\d\d-\d\d)"

Info = Mapping[str, Any]
"""A type as EC2's DescribeInstanceTypes answers."""


def tables_of_moto(moto: Path, date: str) -> dict[str, Table]:
    """Types and offerings; `moto` is the folder of that package, released on that day."""
    resources = moto / "ec2" / "resources"
    infos: dict[str, Info] = _json(resources / "instance_types.json.gz")
    nodes = [name for name, info in sorted(infos.items()) if left_out(info) is None]
    others = {name: left_out(info) for name, info in sorted(infos.items())}
    version = next(iter(distributions(name="moto", path=[str(moto.parent)]))).version
    source = {"source": f"moto {version}: ec2/resources/", "date": date, "note": WRITTEN}
    zones = "zones that offer a type, by their letters; `family.*` is its types without a line"
    return {
        "instance_types": Table(
            head={"about": "EC2 instance types that can be nodes of EKS", **source},
            columns=TYPE_COLUMNS,
            rows=[row(infos[name]) for name in nodes],
        ),
        "left_out": Table(
            head={"about": "EC2 instance types that cannot be nodes, and why", **source},
            columns=("name", "reason"),
            rows=[(name, reason) for name, reason in others.items() if reason],
        ),
        "offerings": Table(
            head={"about": zones, **source},
            columns=("region", "type", "zones"),
            rows=list(offerings(resources / "instance_type_offerings", nodes)),
        ),
    }


def left_out(info: Info) -> str | None:
    """Why a type cannot be a node of ours; None if it can."""
    if not ARCHITECTURES.keys() & set(info["ProcessorInfo"]["SupportedArchitectures"]):
        return "runs macOS only"
    if info["InstanceType"].startswith("a1."):
        return "has a Graviton of the first generation, too old for Amazon Linux 2023"
    gpus = info.get("GpuInfo", {}).get("Gpus", [])
    if any(gpu["Count"] == 0 for gpu in gpus):
        return "has a part of a GPU; Karpenter counts none"
    if any(gpu["Manufacturer"] != "NVIDIA" for gpu in gpus):
        return "has GPUs of another maker than NVIDIA"
    if "FpgaInfo" in info or "MediaAcceleratorInfo" in info:
        return "has accelerators that are not for models"
    if "NeuronInfo" in info:
        return None
    if info["InstanceType"].startswith(("inf", "trn")):
        return "has accelerators that EC2 tells nothing about"
    if "InferenceAcceleratorInfo" in info:
        return "has accelerators that EKS has no device plugin for"
    return None


def row(info: Info) -> tuple[str, ...]:
    """A line of `instance_types.csv`.

    Pods are counted as Karpenter does it (`ENILimitedPods` in its
    pkg/providers/instancetype/types.go): the VPC CNI uses the default network card only.
    """
    processors = info["ProcessorInfo"]["SupportedArchitectures"]
    network = info["NetworkInfo"]
    card = network["NetworkCards"][network["DefaultNetworkCardIndex"]]
    pods = card["MaximumNetworkInterfaces"] * (network["Ipv4AddressesPerInterface"] - 1) + 2
    disks = info.get("InstanceStorageInfo", {"NvmeSupport": "unsupported"})
    ebs = info["EbsInfo"].get("EbsOptimizedInfo", {})
    return (
        info["InstanceType"],
        next(kube for ec2, kube in ARCHITECTURES.items() if ec2 in processors),
        str(info["VCpuInfo"]["DefaultVCpus"]),
        str(info["MemoryInfo"]["SizeInMiB"]),
        str(pods),
        *_accelerators(info),
        "0" if disks["NvmeSupport"] == "unsupported" else str(disks["TotalSizeInGB"]),
        _number(ebs.get("BaselineThroughputInMBps")),
        _number(ebs.get("MaximumThroughputInMBps")),
        _yes(info["BareMetal"]),
        info.get("Hypervisor", ""),
        _yes(info["BurstablePerformanceSupported"]),
        _yes("spot" in info["SupportedUsageClasses"]),
        _yes(info["CurrentGeneration"]),
    )


def _accelerators(info: Info) -> tuple[str, str, str, str, str]:
    """Kind, count, name, memory of each, Neuron cores of all; no type has two kinds of them."""
    if "GpuInfo" in info:
        (gpu,) = info["GpuInfo"]["Gpus"]
        return "nvidia", str(gpu["Count"]), gpu["Name"], str(gpu["MemoryInfo"]["SizeInMiB"]), "0"
    if "NeuronInfo" in info:
        (device,) = info["NeuronInfo"]["NeuronDevices"]
        cores = device["Count"] * device["CoreInfo"]["Count"]
        memory = device["MemoryInfo"]["SizeInMiB"]
        return "neuron", str(device["Count"]), device["Name"], str(memory), str(cores)
    return "", "0", "", "0", "0"


def offerings(folder: Path, nodes: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Lines of `offerings.csv`: a family's zones, then its types that differ from most of it."""
    families = defaultdict(list)
    for name in nodes:
        families[name.partition(".")[0]].append(name)
    for path in sorted((folder / "availability-zone").glob("*.json.gz")):
        region = path.name.removesuffix(".json.gz")
        zones = defaultdict(set)
        for offering in _json(path):
            zones[offering["InstanceType"]].add(offering["Location"].removeprefix(region))
        for family, names in families.items():
            letters = {name: "".join(sorted(zones[name])) for name in names}
            yield from ((region, *line) for line in lines_of_family(family, letters))


def lines_of_family(family: str, letters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The letters that most types of a family have, then the types that have others; `-` is none.

    Nothing where no type has any; `instances.letters` reads them back.
    """
    most = Counter(sorted(letters.values())).most_common(1)[0][0]
    if any(letters.values()):
        yield f"{family}.*", most or "-"
        yield from ((name, own or "-") for name, own in letters.items() if own != most)


def table_of_prices(karpenter: Path) -> Table:
    """On-demand prices in USD an hour, also of types that are no more: that tells of them."""
    folder = karpenter / "pkg" / "providers" / "pricing"
    sources = {file: (folder / file).read_text() for file, _ in PRICES}
    found = {region: dict(_prices(sources[file], region)) for file, region in PRICES}
    version = karpenter.name.partition("@")[2]
    return Table(
        head={
            "about": "on-demand prices of Linux on shared hardware in USD an hour, by region",
            "source": f"github.com/aws/karpenter-provider-aws {version}: pkg/providers/pricing/",
            **{f"date {region}": _found(GENERATED, sources[file]) for file, region in PRICES},
            "note": WRITTEN,
        },
        columns=("type", *found),
        rows=[
            (name, *(by_type.get(name, "") for by_type in found.values()))
            for name in sorted(set().union(*found.values()))
        ],
    )


def _prices(go: str, region: str) -> Iterator[tuple[str, str]]:
    """Pairs of the map literal of a region in Karpenter's file."""
    section = _found(rf'^\t"{region}": {{(.*?)^\t}}', go)
    for name, price in re.findall(r'"([a-z0-9.-]+)": ([0-9.]+)', section):
        yield name, _number(float(price))


def _found(pattern: str, go: str) -> str:
    match = re.search(pattern, go, re.DOTALL | re.MULTILINE)
    if not match:
        raise ValueError(f"Karpenter's prices have another form now: nothing like {pattern!r}")
    return match[1]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _json(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


def installed_moto() -> Path | None:
    """The folder of the installed moto, found without importing it."""
    spec = importlib.util.find_spec("moto")
    return Path(spec.origin).parent if spec and spec.origin else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ekiben.catalog.refresh")
    parser.add_argument("--moto", type=Path, default=installed_moto())
    parser.add_argument("--moto-date", required=True, help="day of moto's release, YYYY-MM-DD")
    parser.add_argument("--karpenter", type=Path, help="folder of the Go module")
    given = parser.parse_args()
    if given.moto is None:
        parser.error("moto is not installed; name its package's folder by --moto")
    found = tables_of_moto(given.moto, given.moto_date)
    if given.karpenter:
        found["prices"] = table_of_prices(given.karpenter)
    for name, table in found.items():
        (FOLDER / f"{name}.csv").write_text(text(table))


if __name__ == "__main__":
    main()
