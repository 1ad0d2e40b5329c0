"""Workloads of a made-up mesh: an authority, and certificates that name a SPIFFE id, as a mesh gives them out."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Papers(NamedTuple):
    """Certificate and key of one workload, files in PEM."""

    certificate: Path
    key: Path


class Authority:
    """Signs for one mesh; its certificate is ``file``."""

    def __init__(self, place: Path, name: str = "mesh") -> None:
        self._place, self._name = place, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = place / f"{name}-authority.pem"
        basic = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._builder(name, self._key).add_extension(basic, critical=True)
        self.file.write_bytes(self._signed(certificate))

    def papers(self, name: str, spiffe: str | None = None) -> Papers:
        """Make the papers of a workload; without a SPIFFE id they name 127.0.0.1 alone."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        if spiffe is not None:
            names = [x509.UniformResourceIdentifier(spiffe)]
        certificate = self._builder(name, key).add_extension(x509.SubjectAlternativeName(names), critical=False)
        found = Papers(self._place / f"{self._name}-{name}.pem", self._place / f"{self._name}-{name}.key")
        found.certificate.write_bytes(self._signed(certificate))
        found.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        found.key.chmod(0o600)
        return found

    def _builder(self, name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
