"""Certificates and keys: who vouches for whom, and what is made again when."""

from __future__ import annotations

import stat
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.cluster import pki
from local.cluster.ranges import Ranges
from tests.cluster.clusters import CONFIG


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pki.ensure(tmp_path / "pki", CONFIG)
    return tmp_path / "pki"


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(certificate: x509.Certificate) -> set[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in found}


def test_every_key_is_for_its_owner_alone(folder: Path) -> None:
    keys = [*folder.glob("*.key"), folder / "registry.password"]
    assert len(keys) > len(pki.AUTHORITIES)
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_every_certificate_is_vouched_for_by_its_own_authority_only(folder: Path) -> None:
    for leaf in pki.leaves(CONFIG):
        certificate = pki.read(folder, leaf.name)
        certificate.verify_directly_issued_by(pki.read(folder, leaf.authority))
        for other in set(pki.AUTHORITIES) - {leaf.authority}:
            with pytest.raises((ValueError, InvalidSignature)):
                certificate.verify_directly_issued_by(pki.read(folder, other))


def test_no_client_of_the_cluster_is_one_of_etcd(folder: Path) -> None:
    etcds = {leaf.name for leaf in pki.leaves(CONFIG) if leaf.authority == "etcd-ca"}
    assert etcds == {"etcd", "apiserver-etcd-client"}
    assert (folder / "etcd-ca.crt").read_bytes() != (folder / "ca.crt").read_bytes()


def test_the_api_server_serves_under_every_name_it_is_called_by(folder: Path) -> None:
    expected = {"kubernetes.default.svc", "127.0.0.1", "10.77.0.2", "10.77.16.1"}
    assert expected <= names(pki.read(folder, "apiserver"))


def test_the_kubelet_is_a_node_and_cannot_serve_with_that(folder: Path) -> None:
    certificate = pki.read(folder, "kubelet")
    subject = {part.oid: part.value for part in certificate.subject}
    assert subject[NameOID.ORGANIZATION_NAME] == "system:nodes"
    assert subject[NameOID.COMMON_NAME] == "system:node:ekiben-demo"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_only_the_admin_is_a_master() -> None:
    assert [leaf.name for leaf in pki.leaves(CONFIG) if leaf.organization == "system:masters"] == [
        "admin"
    ]


def test_a_second_time_changes_nothing(folder: Path) -> None:
    before = snapshot(folder)
    pki.ensure(folder, CONFIG)
    assert snapshot(folder) == before


@pytest.mark.parametrize("damage", ["scheduler.key", "scheduler.crt"])
def test_what_a_kill_left_half_written_is_made_again_alone(folder: Path, damage: str) -> None:
    before = snapshot(folder)
    (folder / damage).write_bytes(b"-----BEGIN")
    pki.ensure(folder, CONFIG)
    after = snapshot(folder)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"scheduler.key", "scheduler.crt"}


def test_a_key_that_belongs_to_another_certificate_is_noticed(folder: Path) -> None:
    (folder / "scheduler.key").write_bytes((folder / "admin.key").read_bytes())
    pki.ensure(folder, CONFIG)
    scheduler, admin = ((folder / f"{name}.key").read_bytes() for name in ("scheduler", "admin"))
    assert scheduler != admin


def test_a_new_authority_makes_all_its_certificates_anew(folder: Path) -> None:
    before = snapshot(folder)
    (folder / "ca.crt").unlink()
    pki.ensure(folder, CONFIG)
    after = snapshot(folder)
    assert after["apiserver.crt"] != before["apiserver.crt"]
    assert after["etcd.crt"] == before["etcd.crt"]
    pki.read(folder, "apiserver").verify_directly_issued_by(pki.read(folder, "ca"))


def test_certificates_for_other_addresses_are_made_anew(folder: Path) -> None:
    moved = replace(CONFIG, ranges=Ranges(IPv4Network("10.78.0.0/16")))
    pki.ensure(folder, moved)
    assert "10.78.0.2" in names(pki.read(folder, "apiserver"))
    assert "10.78.0.2" in names(pki.read(folder, "registry"))
