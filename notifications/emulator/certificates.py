"""An authority of one run, and the certificates of this machine it vouches for."""

import ipaddress
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE: Final = "127.0.0.1"
LASTS: Final = timedelta(days=30)
PEM: Final = serialization.Encoding.PEM


class Authority:
    """Trusted by whoever is given `pem`, and by nobody else."""

    def __init__(self, name: str = "Motcua emulators") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        begins = datetime.now(UTC) - LASTS
        self._certificate = (
            _builder(self._name, self._name, self._key, begins, begins + 3 * LASTS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        """What is trusted."""
        return self._certificate.public_bytes(PEM)

    def certify(self, context: ssl.SSLContext, *, ends: datetime | None = None) -> None:
        """A new certificate for whoever serves with this context, from the next connection on.

        It ends in a day, or when told, which may be over.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        until = ends or datetime.now(UTC) + timedelta(days=1)
        address = x509.IPAddress(ipaddress.ip_address(HERE))
        certificate = (
            _builder(_named(HERE), self._name, key, until - LASTS, until)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        with tempfile.TemporaryDirectory(prefix="motcua-tls-") as folder:
            file = Path(folder) / "certified.pem"
            file.touch(mode=0o600)
            file.write_bytes(secret + certificate.public_bytes(PEM))
            context.load_cert_chain(file)

    def serving(self, *, ends: datetime | None = None) -> ssl.SSLContext:
        """For a server on this machine."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.certify(context, ends=ends)
        return context


_SIGNS: Final = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begins: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
