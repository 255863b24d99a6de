"""Certificates and keys of one cluster: three authorities, one certificate for each role.

etcd and the aggregation layer have authorities of their own, so that a client certificate of the
cluster opens neither.
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.cluster import files
from local.cluster.config import ClusterConfig

AUTHORITIES = ("ca", "etcd-ca", "front-proxy-ca")
_AUTHORITY_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=30)
_BACKDATE = timedelta(minutes=5)
_CLIENT, _SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True)
class Leaf:
    """One certificate to be issued: who holds it, and the names under which it serves."""

    name: str
    common_name: str
    organization: str | None = None
    authority: str = "ca"
    names: tuple[str, ...] = ()
    addresses: tuple[IPv4Address, ...] = ()
    client: bool = False

    @property
    def serves(self) -> bool:
        return bool(self.names or self.addresses)


def leaves(config: ClusterConfig) -> tuple[Leaf, ...]:
    """Every certificate of the cluster but the authorities' own."""
    loopback, node = IPv4Address("127.0.0.1"), config.ranges.node
    api = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
    return (
        Leaf(
            "apiserver",
            "kube-apiserver",
            names=(*api, "kubernetes.default.svc.cluster.local"),
            addresses=(loopback, node, config.ranges.api_service),
        ),
        Leaf("apiserver-kubelet-client", "kube-apiserver-kubelet-client", client=True),
        Leaf("apiserver-etcd-client", "kube-apiserver", authority="etcd-ca", client=True),
        Leaf("front-proxy-client", "front-proxy-client", authority="front-proxy-ca", client=True),
        Leaf("etcd", "etcd", authority="etcd-ca", addresses=(loopback,), client=True),
        Leaf(
            "controller-manager",
            "system:kube-controller-manager",
            addresses=(loopback,),
            client=True,
        ),
        Leaf("scheduler", "system:kube-scheduler", addresses=(loopback,), client=True),
        Leaf("kube-proxy", "system:kube-proxy", client=True),
        Leaf("kubelet", f"system:node:{config.node_name}", "system:nodes", client=True),
        Leaf("kubelet-serving", config.node_name, names=(config.node_name,), addresses=(node,)),
        Leaf("registry", "registry", addresses=(node, loopback)),
        Leaf("admin", f"admin@{config.context}", "system:masters", client=True),
    )


def ensure(folder: Path, config: ClusterConfig) -> None:
    """Make what is missing or about to expire; leave everything else as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    now = datetime.now(UTC)
    for name in AUTHORITIES:
        if not _is_good(folder, name, name, now):
            _issue_authority(folder, name, now)
    for leaf in leaves(config):
        good = _is_good(folder, leaf.name, leaf.authority, now)
        if not good or not _says(read(folder, leaf.name), leaf):
            _issue(folder, leaf, now)
    if not (folder / "service-account.pub").exists():
        _service_account(folder)
    _once(folder / "encryption.key", base64.b64encode(os.urandom(32)))
    _once(folder / "registry.password", secrets.token_urlsafe(32).encode())


def _once(path: Path, content: bytes) -> None:
    if not path.exists():
        files.write(path, content, files.PRIVATE)


def _is_good(folder: Path, name: str, authority: str, now: datetime) -> bool:
    """Whether certificate and key are there, belong together, and will last a while."""
    try:
        certificate = read(folder, name)
        key = _read_key(folder, name)
        certificate.verify_directly_issued_by(read(folder, authority))
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    fits = certificate.public_key() == key.public_key()
    return fits and now < certificate.not_valid_after_utc - _RENEW_BEFORE


def _says(certificate: x509.Certificate, leaf: Leaf) -> bool:
    """Whether a certificate is for the holder and the names that `leaf` wants."""
    try:
        kind = x509.SubjectAlternativeName
        names = set(certificate.extensions.get_extension_for_class(kind).value)
    except x509.ExtensionNotFound:
        names = set()
    return certificate.subject == _subject(leaf) and names == set(_alternative_names(leaf))


def _subject(leaf: Leaf) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, leaf.common_name)]
    if leaf.organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, leaf.organization))
    return x509.Name(attributes)


def _alternative_names(leaf: Leaf) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in leaf.names]
    return names + [x509.IPAddress(address) for address in leaf.addresses]


def read(folder: Path, name: str) -> x509.Certificate:
    """The certificate `name` of the folder."""
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


def _read_key(folder: Path, name: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{name}.key is not an elliptic curve key")
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # SEC 1 ("EC PRIVATE KEY") is the one form that the service account signer reads too.
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _save(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, crt: x509.Certificate) -> None:
    files.write(folder / f"{name}.key", _pem(key), files.PRIVATE)
    files.write(folder / f"{name}.crt", crt.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + life)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issue_authority(folder: Path, name: str, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ekiben-{name}")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(subject, key, now, _AUTHORITY_LIFE)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    _save(folder, name, key, certificate)


def _issue(folder: Path, leaf: Leaf, now: datetime) -> None:
    issuer, issuer_key = read(folder, leaf.authority), _read_key(folder, leaf.authority)
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [*([_SERVER] if leaf.serves else []), *([_CLIENT] if leaf.client else [])]
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        _builder(_subject(leaf), key, now, _LEAF_LIFE)
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(authority_key, critical=False)
    )
    if leaf.serves:
        names = x509.SubjectAlternativeName(_alternative_names(leaf))
        builder = builder.add_extension(names, critical=False)
    _save(folder, leaf.name, key, builder.sign(issuer_key, hashes.SHA256()))


def _service_account(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    files.write(folder / "service-account.key", _pem(key), files.PRIVATE)
    files.write(folder / "service-account.pub", public)
