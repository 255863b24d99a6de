"""Which way is taken to a tool, and what is said of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from local.toolchain.ensure import Toolchain
from local.toolchain.errors import ToolchainError
from local.toolchain.keys import Machine
from local.toolchain.places import Places
from local.toolchain.recipe import Download, GoBuild, GoModule, Remote, Tool, Wheel, programs
from local.toolchain.status import status
from tests.toolchain.lamps import LAMP_INSTALLED, Site, install, lamp


def test_what_is_installed_and_suits_is_taken_as_it_is(
    lamp_chain: Toolchain, machine: Machine, site: Site
) -> None:
    program = install(machine, "lamp", "2.1")
    assert lamp_chain.ensure(["lamp"]) == {"lamp": program}
    (row,) = status(None, lamp_chain)
    assert (row.version, row.way, row.seconds) == ("2.1", "installed", None)
    assert site.asked == []


@pytest.mark.parametrize(
    ("version", "why"),
    [("1.9.9", "1.9.9 is older than 2.0"), ("3.0", "3.0 is not below 3")],
)
def test_what_is_installed_and_does_not_suit_is_passed_over_with_its_version(
    lamp_chain: Toolchain, machine: Machine, version: str, why: str
) -> None:
    program = install(machine, "lamp", version)
    taken = lamp_chain.ensure(["lamp"])["lamp"]
    assert taken != program
    (row,) = status(None, lamp_chain)
    assert (row.version, row.way, row.why) == ("2.5.0", "download", f"{program}: {why}")


def test_an_installed_program_that_fails_is_passed_over(
    lamp_chain: Toolchain, machine: Machine
) -> None:
    install(machine, "lamp", "2.1").write_text("#!/bin/sh\nexit 3\n")
    lamp_chain.ensure(["lamp"])
    (row,) = status(None, lamp_chain)
    assert row.way == "download"
    assert "does not run" in row.why


@pytest.mark.parametrize("linked", [False, True])
def test_our_own_programs_on_path_are_not_taken_for_an_installation(
    site: Site, machine: Machine, places: Places, linked: bool
) -> None:
    if linked:
        (Path(machine.path[0]) / "lamp").symlink_to(places.bin / "lamp")
    else:
        machine = Machine("x86_64", "debian-bookworm", (str(places.bin),))
    chain = Toolchain((lamp(LAMP_INSTALLED, site.way()),), places, machine)
    first = chain.ensure(["lamp"])
    assert (places.bin / "lamp").resolve() == first["lamp"].resolve()
    assert chain.ensure(["lamp"]) == first
    assert first["lamp"].is_relative_to(places.tools)


def test_an_installation_behind_our_own_links_is_still_found(
    site: Site, machine: Machine, places: Places
) -> None:
    program = install(machine, "lamp", "2.1")
    ours = places.bin / "lamp"
    ours.parent.mkdir(parents=True)
    ours.write_bytes(program.read_bytes())
    ours.chmod(0o755)
    first_ours = Machine("x86_64", "debian-bookworm", (str(places.bin), *machine.path))
    chain = Toolchain((lamp(LAMP_INSTALLED, site.way()),), places, first_ours)
    assert chain.ensure(["lamp"]) == {"lamp": program}


def test_what_was_fetched_runs_and_is_not_fetched_again(lamp_chain: Toolchain, site: Site) -> None:
    first = lamp_chain.ensure(["lamp"])
    said = subprocess.run([first["lamp"]], capture_output=True, text=True, check=True).stdout
    assert said == "lamp version 2.5.0\n"
    assert lamp_chain.ensure(["lamp"]) == first
    assert site.asked == ["/sums", "/lamp-amd64"]


def test_a_way_out_of_reach_leads_to_the_next_which_tells_so(
    site: Site, machine: Machine, places: Places
) -> None:
    away = Remote("http://127.0.0.1:9/lamp", "http://127.0.0.1:9/sums", {"": "bin/lamp"}, {})
    chain = Toolchain((lamp(Download("2.6.0", (away,)), site.way()),), places, machine)
    chain.ensure(["lamp"])
    (row,) = status(None, chain)
    assert row.version == "2.5.0"
    assert "127.0.0.1:9 is out of reach" in row.why


def test_a_wrong_checksum_is_refused_and_leaves_nothing(
    lamp_chain: Toolchain, site: Site, places: Places
) -> None:
    site.sums = f"{'0' * 64} *lamp-amd64\n"
    with pytest.raises(ToolchainError) as caught:
        lamp_chain.ensure(["lamp"])
    told = str(caught.value)
    assert "no lamp on this machine" in told
    assert f"{site.url}/lamp-amd64: SHA-256 is " in told
    assert "what to do" in told
    assert not list(places.tools.glob("lamp-*"))
    assert not list(places.making.iterdir())


def test_a_file_that_no_checksum_is_published_for_is_refused(
    lamp_chain: Toolchain, site: Site
) -> None:
    site.sums = f"{'0' * 64}  lamp-riscv64\n"
    with pytest.raises(ToolchainError, match="names no SHA-256 of lamp-amd64"):
        lamp_chain.ensure(["lamp"])


def test_a_machine_that_nothing_is_made_for_is_told(site: Site, places: Places) -> None:
    machine = Machine("riscv64", "debian-bookworm", ())
    wheel = Wheel("lamp", "2.5.0", {"x86_64": "0" * 64}, {"lamp": "bin/lamp"})
    chain = Toolchain((lamp(site.way(), wheel),), places, machine)
    with pytest.raises(ToolchainError) as caught:
        chain.ensure(["lamp"])
    assert "nothing is published for riscv64" in str(caught.value)
    assert "lamp has no wheel for riscv64" in str(caught.value)


def test_one_failure_keeps_no_other_tool_from_being_had(
    site: Site, machine: Machine, places: Places
) -> None:
    torch = Tool("torch", {"torch": "bin/lamp"}, (site.way(),))
    chain = Toolchain((lamp(), torch), places, machine)
    with pytest.raises(ToolchainError, match="lamp could not be had"):
        chain.ensure(None)
    assert [(row.tool, row.version) for row in status(None, chain)] == [
        ("lamp", ""),
        ("torch", "2.5.0"),
    ]


def test_what_only_tests_ask_for_is_had_and_not_shown_to_people(
    site: Site, machine: Machine, places: Places
) -> None:
    torch = Tool("torch", {"torch": "bin/lamp"}, (site.way(),), for_tests=True)
    chain = Toolchain((lamp(site.way()), torch), places, machine)
    assert chain.ensure(None)["torch"].exists()
    assert [link.name for link in places.bin.iterdir()] == ["lamp"]


def test_the_compilers_cache_stays_while_something_is_left_to_compile(
    machine: Machine, places: Places
) -> None:
    def compiled(name: str, for_tests: bool) -> Tool:
        build = GoBuild("1", (GoModule(name, (".",)),))
        return Tool(name, programs(name), (LAMP_INSTALLED, build), for_tests)

    chain = Toolchain((compiled("lamp", False), compiled("torch", True)), places, machine)
    install(machine, "lamp", "2.1")
    for cache in (places.go, places.go_for_tests):
        cache.mkdir(parents=True)
    chain.ensure(["lamp"])
    assert not places.go.exists()
    assert places.go_for_tests.exists()
    install(machine, "torch", "2.1")
    of_another_run = places.making / "organ@1"
    of_another_run.mkdir(parents=True)
    chain.ensure(["torch"])
    assert places.go_for_tests.exists()
    of_another_run.rmdir()
    chain.ensure(["torch"])
    assert not places.go_for_tests.exists()


@pytest.mark.parametrize(("given", "meant"), [("lmap", "lamp"), ("troch", "torch")])
def test_an_unknown_name_is_answered_with_the_nearest(
    site: Site, machine: Machine, places: Places, given: str, meant: str
) -> None:
    torch = Tool("torch", {"torch": "bin/lamp"}, (site.way(),))
    chain = Toolchain((lamp(), torch), places, machine)
    with pytest.raises(ToolchainError, match=f"no tool is called {given}; did you mean {meant}"):
        chain.ensure([given])
