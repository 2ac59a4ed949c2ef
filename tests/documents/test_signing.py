"""An officer signs: the signature holds for two other programs, and a changed byte breaks it."""

import asyncio
import io
import re
import subprocess
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from app.core.clock import machine_time
from app.core.crypto import Secret
from app.documents import operations, signing, store
from app.documents.errors import DocumentChanged
from app.http.principals import Caller
from app.sample import files
from app.sample.signing_keys import AUTHORITY_FILE, Authority, make_signing_keys
from tests.conftest import SignedIn
from tests.documents import corpus
from tests.documents.conftest import CENTRE, Upload

SignIn = Callable[..., Awaitable[SignedIn]]
MAI, SON, NEW = uuid.UUID(int=901), uuid.UUID(int=902), uuid.UUID(int=903)
PASSPHRASE: Final = "of this test"
REASON: Final = {"reason": "Số hóa kết quả"}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Mai and Sơn have keys; the one of Lâm ran out yesterday."""
    made, folder = Authority(now=machine_time()), tmp_path / "signing"
    folder.mkdir()
    for officer, name, valid in (
        (MAI, "Trần Thị Mai", timedelta(days=9)),
        (SON, "Đỗ Văn Sơn", timedelta(days=9)),
    ):
        (folder / f"{officer}.p12").write_bytes(made.p12(name, PASSPHRASE.encode(), valid_for=valid))
    ended = made.p12("Phạm Lâm", PASSPHRASE.encode(), valid_for=-timedelta(hours=12))
    (folder / f"{uuid.UUID(int=904)}.p12").write_bytes(ended)
    signing.install(signing.SigningKeys(folder, passphrase=Secret(PASSPHRASE)))
    return made


Clean = Callable[..., Awaitable[uuid.UUID]]


@pytest.fixture
def clean(upload: Upload, now: datetime) -> Clean:
    async def run(content: bytes, content_type: str = "application/pdf", **facts: Any) -> uuid.UUID:
        row = await upload(content, content_type, **facts)
        await operations.inspect(document_id=row.id, scanner=None, now=now)
        return row.id

    return run


class Desk:
    """An officer at the centre."""

    def __init__(self, http: httpx.AsyncClient, who: SignedIn) -> None:
        self.http, self.who = http, who

    async def signs(self, document: uuid.UUID, **headers: str) -> httpx.Response:
        return await self.http.post(
            f"/v1/staff/documents/{document}/sign", json=REASON, headers=self.who.headers | headers
        )

    async def reads(self, document: uuid.UUID) -> bytes:
        answer = await self.http.get(f"/v1/staff/documents/{document}/content", headers=self.who.headers)
        assert answer.status_code == 200
        return answer.content


@pytest.fixture
def desk(client: httpx.AsyncClient, sign_in: SignIn) -> Callable[..., Awaitable[Desk]]:
    async def run(officer: uuid.UUID = MAI, centre: uuid.UUID = CENTRE) -> Desk:
        return Desk(client, await sign_in(Caller.OFFICER, subject_id=officer, centre_id=centre))

    return run


async def verdicts(content: bytes, authority: Authority) -> list[tuple[str, bool]]:
    """What pyHanko's validator says: signers and whether each signature holds."""
    root = asn1_x509.Certificate.load(authority.certificate.public_bytes(Encoding.DER))
    found = []
    for each in PdfFileReader(io.BytesIO(content)).embedded_signatures:
        status = await async_validate_pdf_signature(each, ValidationContext(trust_roots=[root]))
        found.append((status.signing_cert.subject.native["common_name"], bool(status.bottom_line)))
    return found


def openssl_says(content: bytes, authority: Authority, folder: Path) -> list[bool]:
    """OpenSSL reads no PDF: the signed ranges and the signature are cut out of the bytes here."""
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    answers = []
    for found in re.finditer(rb"/ByteRange \[\s*(\d+) (\d+) (\d+) (\d+)", content):
        first, size, second, rest = map(int, found.groups())
        (folder / "signed").write_bytes(content[first : first + size] + content[second : second + rest])
        hexadecimal = content[first + size : second].strip(b"<>").decode()
        (folder / "signature").write_bytes(bytes.fromhex(hexadecimal))
        done = subprocess.run(
            [
                *("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-purpose", "any"),
                *("-in", folder / "signature", "-content", folder / "signed"),
                *("-CAfile", folder / "ca.pem", "-out", "/dev/null"),
            ],
            check=False,
            capture_output=True,
        )
        answers.append(done.returncode == 0)
    return answers


async def test_a_signed_scan_holds_for_two_other_programs(
    clean: Clean, desk: Callable[..., Awaitable[Desk]], authority: Authority, tmp_path: Path
) -> None:
    document, mai = await clean(corpus.scan()), await desk()

    answer = await mai.signs(document)

    assert answer.status_code == 200
    (signature,) = answer.json()["signatures"]
    assert (signature["name"], signature["signer_id"]) == ("Trần Thị Mai", str(MAI))
    assert answer.json()["served"]["sha256"] == signature["sha256"]
    content = await mai.reads(document)
    assert await verdicts(content, authority) == [("Trần Thị Mai", True)]
    assert openssl_says(content, authority, tmp_path) == [True]
    assert b"/ETSI.CAdES.detached" in content

    changed = content.replace(b"/MediaBox [ 0 0 595 842 ]", b"/MediaBox [ 0 0 595 843 ]")
    assert changed != content
    assert await verdicts(changed, authority) == [("Trần Thị Mai", False)]
    assert openssl_says(changed, authority, tmp_path) == [False]
    stranger = Authority(now=machine_time())
    assert await verdicts(content, stranger) == [("Trần Thị Mai", False)]


async def test_a_second_officer_adds_to_the_first_and_the_same_one_changes_nothing(
    clean: Clean, desk: Callable[..., Awaitable[Desk]], authority: Authority, tmp_path: Path
) -> None:
    document, mai, son = await clean(corpus.scan()), await desk(), await desk(SON)

    first = await mai.signs(document)
    again = await mai.signs(document)
    second = await son.signs(document)

    assert again.json() == first.json()
    assert [each["name"] for each in second.json()["signatures"]] == ["Trần Thị Mai", "Đỗ Văn Sơn"]
    content = await mai.reads(document)
    assert await verdicts(content, authority) == [("Trần Thị Mai", True), ("Đỗ Văn Sơn", True)]
    assert openssl_says(content, authority, tmp_path) == [True, True]


async def test_two_who_sign_at_once_do_not_lose_a_signature(
    clean: Clean, desk: Callable[..., Awaitable[Desk]], authority: Authority, now: datetime
) -> None:
    document = await clean(corpus.scan())
    facts = {"document_id": document, "centre_id": CENTRE, "reason": "x"}
    (row, of_mai), (_, of_son) = await asyncio.gather(
        operations.sign(officer_id=MAI, **facts), operations.sign(officer_id=SON, **facts)
    )

    await operations.note_signature(row=row, made=of_mai, officer_id=MAI, now=now)
    with pytest.raises(DocumentChanged):
        await operations.note_signature(row=row, made=of_son, officer_id=SON, now=now)

    content = await (await desk()).reads(document)
    assert await verdicts(content, authority) == [("Trần Thị Mai", True)]


async def test_a_photograph_is_put_on_a_page_and_signed(
    clean: Clean, desk: Callable[..., Awaitable[Desk]], authority: Authority
) -> None:
    document, mai = await clean(corpus.photograph(), "image/jpeg"), await desk()

    answer = await mai.signs(document)

    assert answer.json()["served"]["content_type"] == "application/pdf"
    content = await mai.reads(document)
    assert content.startswith(b"%PDF-") and b"/DCTDecode" in content
    assert await verdicts(content, authority) == [("Trần Thị Mai", True)]


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_every_picture_inspection_writes_fits_on_a_page(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (1654, 2339), 1).save(out, "PNG")

    assert re.search(rb"/MediaBox \[ 0 0 595\.\d+ 842\.\d+ \]", signing.page_with(out.getvalue()))


async def test_a_signed_file_that_comes_back_passes_inspection_to_the_byte(
    clean: Clean, desk: Callable[..., Awaitable[Desk]], authority: Authority
) -> None:
    document, mai = await clean(corpus.scan()), await desk()
    await mai.signs(document)
    content = await mai.reads(document)

    copy = await clean(content)

    assert await mai.reads(copy) == content


@pytest.mark.parametrize(
    ("officer", "code"),
    [(NEW, "signing_key_missing"), (uuid.UUID(int=904), "signing_key_not_valid")],
)
async def test_without_a_key_that_holds_nobody_signs(
    clean: Clean,
    desk: Callable[..., Awaitable[Desk]],
    authority: Authority,
    officer: uuid.UUID,
    code: str,
) -> None:
    document = await clean(corpus.scan())

    refused = await (await desk(officer)).signs(document)

    assert (refused.status_code, refused.json()["code"]) == (409, code)


async def test_a_wrong_passphrase_opens_nothing(
    clean: Clean, desk: Callable[..., Awaitable[Desk]], authority: Authority, tmp_path: Path
) -> None:
    signing.install(signing.SigningKeys(tmp_path / "signing", passphrase=Secret("another")))

    refused = await (await desk()).signs(await clean(corpus.scan()))

    assert (refused.status_code, refused.json()["code"]) == (409, "signing_key_not_valid")


async def test_only_what_is_clean_and_of_the_centre_is_signed(
    clean: Clean, upload: Upload, desk: Callable[..., Awaitable[Desk]], authority: Authority
) -> None:
    mai, elsewhere = await desk(), await desk(SON, uuid.UUID(int=78))
    waiting = (await upload(corpus.scan())).id
    rejected = await clean(corpus.pdf(corpus.attached))

    for document in (waiting, rejected):
        refused = await mai.signs(document)
        assert (refused.status_code, refused.json()["code"]) == (409, "document_not_clean")
    assert (await elsewhere.signs(await clean(corpus.png(), "image/png"))).status_code == 404
    assert (await mai.signs(uuid.uuid4())).status_code == 404


async def test_the_sample_makes_keys_once_and_keeps_them_from_others(
    tmp_path: Path, clean: Clean, desk: Callable[..., Awaitable[Desk]]
) -> None:
    folder = tmp_path / "of the sample"
    officers = files.people().officers

    assert make_signing_keys(folder, now=machine_time()) == len(officers)
    assert make_signing_keys(folder, now=machine_time()) == 0

    assert {path.stat().st_mode & 0o077 for path in sorted(folder.iterdir())} == {0}
    assert (folder / AUTHORITY_FILE).read_bytes().startswith(b"-----BEGIN CERTIFICATE")
    signing.install(signing.SigningKeys(folder))
    document = await clean(corpus.scan())
    answer = await (await desk(officers[0].id)).signs(document)
    assert [each["name"] for each in answer.json()["signatures"]] == [officers[0].name]
    assert (await store.read(bytes.fromhex(answer.json()["served"]["sha256"])))[:5] == b"%PDF-"
