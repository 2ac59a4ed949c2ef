"""Signing keys for the sample's officers, made on the spot: nobody outside the sample trusts them."""

import os
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID

from app.documents.signing import PASSPHRASE_IN
from app.sample import files

AUTHORITY: Final = "Motcua Sample CA"
AUTHORITY_FILE: Final = "authority.pem"
VALID_FOR: Final = timedelta(days=3 * 365)


def make_signing_keys(folder: Path, *, now: datetime) -> int:
    """A key for every officer of the sample; how many were made. A folder that has some is left alone.

    `now` is the machine's time: certificates are read by programs that know no other.
    """
    if folder.exists() and any(folder.glob("*.p12")):
        return 0
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority(now=now)
    passphrase = secrets.token_urlsafe(24).encode()
    _write(folder / PASSPHRASE_IN, passphrase)
    _write(folder / AUTHORITY_FILE, authority.certificate.public_bytes(Encoding.PEM))
    made = 0
    for officer, content in _keys(authority, passphrase):
        _write(folder / f"{officer}.p12", content)
        made += 1
    return made


class Authority:
    """A certificate authority of one afternoon: its key is forgotten with it."""

    def __init__(self, *, now: datetime) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._now = now
        self.certificate = (
            self._begun(AUTHORITY, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .sign(self._key, SHA256())
        )

    def certify(
        self, name: str, key: ec.EllipticCurvePrivateKey, *, valid_for: timedelta = VALID_FOR
    ) -> x509.Certificate:
        """A certificate that says: this key signs for this person."""
        return (
            self._begun(name, key.public_key(), valid_for=valid_for)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(self._key, SHA256())
        )

    def p12(self, name: str, passphrase: bytes, *, valid_for: timedelta = VALID_FOR) -> bytes:
        """A new key of a person with its certificate, in one file (PKCS#12)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.certify(name, key, valid_for=valid_for)
        return serialize_key_and_certificates(
            name.encode(), key, certificate, [self.certificate], BestAvailableEncryption(passphrase)
        )

    def _begun(
        self, name: str, key: ec.EllipticCurvePublicKey, *, valid_for: timedelta = VALID_FOR
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(AUTHORITY))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=1))
            .not_valid_after(self._now + valid_for)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )


def _keys(authority: Authority, passphrase: bytes) -> Iterator[tuple[str, bytes]]:
    for officer in files.people().officers:
        yield str(officer.id), authority.p12(officer.name, passphrase)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=signs,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
