"""Officers' signatures on documents (chữ ký số của cán bộ): PAdES, baseline B-B (ETSI EN 319 142-1).

Each officer's key is a PKCS#12 file named by the officer's id in one folder, opened with the folder's
passphrase; neither is in the repository or in the database. A picture is put on a page first. Signing adds
to the file and changes nothing of it, so a second officer's signature leaves the first one's whole.
"""

import asyncio
import hashlib
import io
import uuid
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import pikepdf
from PIL import Image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError

from app.core.crypto import Secret
from app.documents.errors import DocumentNotSignable, SigningKeyMissing, SigningKeyNotValid

# What a scanner at a counter gives a page.
DOTS_PER_INCH: Final = 200
PASSPHRASE_IN: Final = "passphrase"  # noqa: S105 - the name of a file


class Signed(NamedTuple):
    """A signed PDF and the certificate that vouches for its signer."""

    content: bytes
    certificate_sha256: bytes
    certificate_name: str


class SigningKeys:
    """The folder of officers' keys."""

    def __init__(self, folder: Path, *, passphrase: Secret | None = None) -> None:
        self._folder = folder
        self._passphrase = passphrase

    def signer_of(self, officer_id: uuid.UUID, *, at: datetime) -> signers.SimpleSigner:
        """The officer's key with its certificate; `at` is the machine's time.

        Raises `SigningKeyMissing`, or `SigningKeyNotValid` when it cannot be opened or is out of date.
        """
        try:
            content = (self._folder / f"{officer_id}.p12").read_bytes()
        except OSError:
            raise SigningKeyMissing from None
        try:
            found: signers.SimpleSigner = signers.SimpleSigner.load_pkcs12_data(
                content, [], passphrase=self._secret()
            )
        except (ValueError, AttributeError):  # a wrong passphrase; no certificate in it
            raise SigningKeyNotValid from None
        certificate = found.signing_cert
        if certificate is None or not certificate.not_valid_before <= at <= certificate.not_valid_after:
            raise SigningKeyNotValid
        return found

    def _secret(self) -> bytes | None:
        if self._passphrase is not None:
            return self._passphrase.encode()
        try:
            return (self._folder / PASSPHRASE_IN).read_bytes().strip()
        except OSError:
            return None


_installed: list[SigningKeys] = []


def install(keys: SigningKeys) -> None:
    """Give the process the folder, at the entrance."""
    _installed[:] = [keys]


async def signed(
    content: bytes, *, content_type: str, officer_id: uuid.UUID, reason: str, at: datetime
) -> Signed:
    """The content as a PDF with one more signature. No transaction is open here.

    Raises `SigningKeyMissing`, `SigningKeyNotValid`, and `DocumentNotSignable`.
    """
    if not _installed:
        raise SigningKeyMissing
    signer = await asyncio.to_thread(_installed[0].signer_of, officer_id, at=at)
    try:
        return await asyncio.to_thread(_sign, content, content_type, signer, f"{officer_id}", reason)
    except (SigningError, PdfError, ValueError):
        raise DocumentNotSignable from None


def _sign(
    content: bytes, content_type: str, signer: signers.SimpleSigner, field: str, reason: str
) -> Signed:
    pdf = content if content_type == "application/pdf" else page_with(content)
    certificate = signer.signing_cert
    assert certificate is not None
    name = str(certificate.subject.native.get("common_name", ""))
    metadata = signers.PdfSignatureMetadata(
        field_name=f"officer-{field}",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=name,
        reason=reason,
    )
    out = signers.PdfSigner(metadata, signer=signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)))
    return Signed(out.getvalue(), hashlib.sha256(certificate.dump()).digest(), name)


def page_with(picture: bytes) -> bytes:
    """A PDF of one page with the picture on it, as large as it was scanned."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG")) as image:
        image.save(out, "PDF", resolution=DOTS_PER_INCH)
    # Pillow's table of objects is not what the standard says, and strict readers say so.
    written = io.BytesIO()
    with pikepdf.open(out) as pdf:
        pdf.save(written, deterministic_id=True)
    return written.getvalue()
