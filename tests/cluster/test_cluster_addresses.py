"""Addresses, ports and names that a cluster chooses and remembers."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path

import pytest

from local.cache import cache_root
from local.cluster import config, network, ranges
from local.cluster.errors import ClusterError
from local.cluster.layout import Layout

NET = IPv4Network


def test_the_first_free_block_is_taken() -> None:
    first, second = ranges.candidates()[:2]
    assert ranges.choose([]).block == first
    assert ranges.choose([NET(f"{first[7]}/32")]).block == second


def test_a_default_route_takes_nothing_and_a_wide_one_takes_all_it_covers() -> None:
    assert ranges.choose([NET("0.0.0.0/0")]).block == ranges.candidates()[0]
    assert ranges.choose([NET("10.0.0.0/8")]).block == NET("172.30.0.0/16")


def test_no_free_block_names_the_ways_out() -> None:
    with pytest.raises(ClusterError, match=r"ip route.*make down"):
        ranges.choose(ranges.candidates())


def test_the_parts_of_a_block_do_not_meet() -> None:
    cut = ranges.choose([])
    parts = [cut.cable, cut.egress, cut.services, cut.pods]
    assert all(part.subnet_of(cut.block) for part in parts)
    assert not any(one.overlaps(other) for one, other in combinations(parts, 2))
    assert all(address in cut.services for address in (cut.api_service, cut.dns, cut.gateway))
    assert {cut.host, cut.node} == set(cut.cable.hosts())


def test_the_gateway_is_in_the_band_that_kubernetes_leaves_to_the_user() -> None:
    # KEP-3070: of a range of 4096, the first min(max(16, 4096 / 16), 256) = 256 addresses.
    cut = ranges.choose([])
    assert int(cut.gateway) - int(cut.services.network_address) < 256


def test_choices_are_remembered(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "one")
    chosen = config.choose(layout, [], [8000])
    assert config.load(layout) == chosen
    assert chosen.gateway_url == "http://127.0.0.1:8000"


def test_two_clusters_share_neither_block_nor_port(tmp_path: Path) -> None:
    one = config.choose(Layout(tmp_path, "one"), [], [8000, 8001])
    two = config.choose(Layout(tmp_path, "two"), [], [8000, 8001])
    assert not one.ranges.block.overlaps(two.ranges.block)
    assert (one.gateway_port, two.gateway_port) == (8000, 8001)


def test_a_damaged_configuration_says_which_file(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "one")
    layout.root.mkdir(parents=True)
    layout.config.write_text('{"name": "one"}')
    with pytest.raises(ClusterError, match=r"one/config.json.*down"):
        config.load(layout)


@pytest.mark.parametrize("name", ["", "Big", "-x", "x-", "a/b", "..", "x" * 41, "1a"])
def test_a_name_that_makes_no_good_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="--cluster"):
        Layout(tmp_path, name)


def test_names_of_kernel_objects_fit_and_differ(tmp_path: Path) -> None:
    one, two = Layout(tmp_path, "a" * 40), Layout(tmp_path, "a" * 39)
    assert len(one.host_interface) <= 15
    assert one.host_interface != two.host_interface
    assert one.cgroup != two.cgroup


def test_the_cache_follows_the_environment() -> None:
    assert cache_root({"EKIBEN_CACHE": "/x/y"}) == Path("/x/y")
    assert cache_root({"XDG_CACHE_HOME": "/x"}) == Path("/x/ekiben")
    assert cache_root({}) == Path.home() / ".cache/ekiben"


def test_nameservers_are_the_ipv4_ones(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("search a\nnameserver 10.0.0.1\n#nameserver 10.0.0.2\nnameserver ::1\n")
    assert network.nameservers(file) == ["10.0.0.1"]
    assert network.nameservers(tmp_path / "none") == []


def test_this_machines_interfaces_count_as_taken() -> None:
    assert any(NET("127.0.0.1/32").subnet_of(used) for used in network.in_use())
