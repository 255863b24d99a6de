"""The catalogue as shipped: known facts of known types; it is read at once, or not at all."""

import subprocess
import sys
import time
from dataclasses import fields

import pytest

from ekiben.catalog import tables
from ekiben.catalog.instances import (
    InstanceType,
    catalogue_date,
    instance_types,
    offered,
    price,
    prices_date,
    regions,
    why_not,
    zones_of,
)
from ekiben.spec.problems import nearest
from tests.projects import IRIS, Project

TYPES = instance_types()
FILES = ("instance_types", "left_out", "offerings", "prices")


def test_a_cpu_type() -> None:
    assert TYPES["m5.large"] == InstanceType(
        name="m5.large",
        architecture="amd64",
        vcpus=2,
        memory_mib=8192,
        max_pods=29,
        accelerator=None,
        accelerators=0,
        accelerator_name=None,
        accelerator_memory_mib=0,
        neuron_cores=0,
        local_disk_gb=0,
        ebs_baseline_mb_s=81.25,
        ebs_maximum_mb_s=593.75,
        bare_metal=False,
        hypervisor="nitro",
        burstable=False,
        spot=True,
        current_generation=False,
    )


def test_a_gpu_type() -> None:
    g6 = TYPES["g6.xlarge"]
    assert (g6.accelerator, g6.accelerators, g6.accelerator_name) == ("nvidia", 1, "L4")
    assert (g6.accelerator_memory_mib, g6.local_disk_gb, g6.neuron_cores) == (22888, 250, 0)
    assert TYPES["g6.48xlarge"].accelerators == 8


def test_a_neuron_type() -> None:
    inf2 = TYPES["inf2.xlarge"]
    assert (inf2.accelerator, inf2.accelerators, inf2.neuron_cores) == ("neuron", 1, 2)
    assert TYPES["trn2.48xlarge"].neuron_cores == 128


@pytest.mark.parametrize(
    ("name", "pods"),
    [
        ("t3.nano", 4),
        ("t3.medium", 17),
        ("m5.24xlarge", 737),
        # Of its 32 network cards the CNI uses the first, with two interfaces.
        ("p5.48xlarge", 100),
    ],
)
def test_pods_are_limited_by_the_interfaces_of_the_default_card(name: str, pods: int) -> None:
    assert TYPES[name].max_pods == pods


def test_the_kinds_of_a_type_are_told_apart() -> None:
    assert TYPES["m7g.large"].architecture == "arm64"
    assert TYPES["t3.large"].burstable
    assert not TYPES["m5.large"].burstable
    assert TYPES["m5.metal"].bare_metal
    assert TYPES["m5.metal"].hypervisor is None
    assert TYPES["m4.large"].hypervisor == "xen"
    assert not TYPES["hpc7a.12xlarge"].spot
    assert TYPES["m8i.large"].current_generation


def test_a_type_has_the_columns_of_its_file() -> None:
    columns = tables.read("instance_types").columns
    assert [field.name for field in fields(InstanceType)] == columns


def test_each_type_is_whole() -> None:
    for name, of in TYPES.items():
        assert name == of.name
        assert of.architecture in ("amd64", "arm64")
        assert min(of.vcpus, of.memory_mib, of.max_pods) > 0
        assert (of.accelerator is None) == (of.accelerators == 0) == (of.accelerator_name is None)
        assert (of.accelerator == "neuron") == (of.neuron_cores > 0)
        assert of.bare_metal == (of.hypervisor is None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("mac2.metal", "runs macOS only"),
        ("g6f.xlarge", "has a part of a GPU; Karpenter counts none"),
        ("a1.large", "has a Graviton of the first generation, too old for Amazon Linux 2023"),
        ("p2.xlarge", "is offered in no region any more"),
        ("p3.2xlarge", "is offered in no region any more"),
        ("g6.xlrage", None),
        ("m5.large", None),
    ],
)
def test_what_cannot_be_a_node_is_known_with_its_reason(name: str, reason: str | None) -> None:
    assert why_not(name) == reason
    if reason:
        assert name not in TYPES


@pytest.mark.parametrize(
    ("given", "right"),
    [("g6.xlrage", "g6.xlarge"), ("m5large", "m5.large"), ("p5.48xlargee", "p5.48xlarge")],
)
def test_a_mistyped_name_has_the_right_one_nearest(given: str, right: str) -> None:
    assert nearest(given, TYPES) == f"did you mean {right!r}?"


def test_where_types_are_offered() -> None:
    assert len(regions()) == 30
    assert list(zones_of("us-east-1")) == [f"us-east-1{letter}" for letter in "abcdef"]
    assert "g6.xlarge" in zones_of("us-east-1")["us-east-1a"]
    assert "g6.xlarge" not in zones_of("us-east-1")["us-east-1e"]
    assert offered("us-east-1", "us-east-1a", "g6.xlarge")
    assert not offered("us-east-1", "us-east-1e", "g6.xlarge")
    assert offered("us-east-2", None, "trn2.48xlarge")
    assert not offered("us-east-1", None, "trn2.48xlarge")


def test_a_type_that_lacks_in_a_family_is_offered_nowhere() -> None:
    assert offered("af-south-1", None, "c5.large")
    assert not offered("us-east-1", None, "c5.gigantic")


def test_nothing_is_said_of_a_region_that_is_not_known() -> None:
    assert "us-gov-east-1" not in regions()
    assert zones_of("us-gov-east-1") == {}


def test_each_zone_offers_as_the_question_for_one_type_says() -> None:
    for region in regions():
        for zone, types in zones_of(region).items():
            assert types == {name for name in TYPES if offered(region, zone, name)}


@pytest.mark.parametrize(
    ("region", "name", "dollars"),
    [
        ("us-east-1", "g6.xlarge", 0.8048),
        ("us-east-1", "inf2.xlarge", 0.7582),
        ("us-east-1", "m5.large", 0.096),
        ("us-east-1", "p5.48xlarge", 55.04),
        ("us-gov-west-1", "m5.large", 0.121),
        ("us-east-1", "trn2.48xlarge", None),
        ("eu-west-1", "m5.large", None),
        ("us-east-1", "m5.gigantic", None),
    ],
)
def test_prices(region: str, name: str, dollars: float | None) -> None:
    assert price(region, name) == dollars


def test_the_catalogue_tells_its_age() -> None:
    assert catalogue_date() == "2026-10-27"
    assert prices_date("us-east-1") == "2026-07-20"
    assert prices_date("eu-west-1") is None


@pytest.mark.parametrize("name", FILES)
def test_each_data_file_has_its_source_and_is_sorted(name: str) -> None:
    table = tables.read(name)
    assert {"about", "source", "note"} <= table.head.keys()
    keys = [row[0] for row in table.rows]
    assert keys == sorted(keys)
    assert len({len(row) for row in [table.columns, *table.rows]}) == 1
    assert tables.text(table) == (tables.FOLDER / f"{name}.csv").read_text()


def test_it_is_read_within_50_ms() -> None:
    assert min(_seconds_to_read() for _ in range(5)) < 0.05


def _seconds_to_read() -> float:
    instance_types.cache_clear()
    before = time.process_time()
    instance_types()
    return time.process_time() - before


_PLAN = """
import sys
from pathlib import Path
from ekiben.plan import build
from ekiben.spec import load
build(load(Path(sys.argv[1]), "dev"))
from ekiben.catalog.instances import instance_types
print(instance_types.cache_info().currsize)
"""


def test_a_stack_without_eks_is_planned_without_it(project: Project) -> None:
    project.stack(IRIS)
    command = [sys.executable, "-c", _PLAN, str(project.root)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0\n"
