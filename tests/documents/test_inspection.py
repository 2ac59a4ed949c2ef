"""Quarantined until somebody looked: clean with both hashes, rejected with a reason, or still waiting."""

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from app.core.database import DB
from app.core.later import Later
from app.documents import operations, queries, store
from app.documents.inspection.antivirus import Scanner
from app.documents.inspection.verdict import JPEG, Reason
from app.settings import Settings, SettingsError
from tests.documents import corpus
from tests.documents.conftest import EICAR, Clamd, Upload


async def test_a_clean_image_keeps_both_hashes_and_serves_what_was_written(
    upload: Upload, now: datetime
) -> None:
    came = corpus.photograph()
    row = await upload(came, JPEG)
    assert row.state == "quarantined" and row.clean_sha256 is None

    await operations.inspect(document_id=row.id, scanner=None, now=now)
    await operations.inspect(document_id=row.id, scanner=None, now=now)

    seen = await queries.by_id(row.id)
    assert (seen.state, seen.rejected_because, seen.version) == ("clean", "", row.version + 1)
    assert seen.sha256 == hashlib.sha256(came).digest()
    digest, content_type = seen.served
    served = await store.read(digest)
    assert content_type == JPEG and digest == seen.clean_sha256 != seen.sha256
    assert hashlib.sha256(served).digest() == digest and len(served) == seen.clean_size_bytes
    assert corpus.GPS_TEXT not in served
    assert await store.read(seen.sha256) == came


async def test_a_refused_file_says_why_and_is_never_served(upload: Upload, now: datetime) -> None:
    row = await upload(corpus.pdf(corpus.attached))

    await operations.inspect(document_id=row.id, scanner=None, now=now)

    seen = await queries.by_id(row.id)
    assert (seen.state, seen.rejected_because) == ("rejected", "embedded_file")
    assert seen.clean_sha256 is None
    assert DB.pool is not None
    told = await DB.pool.fetchval("SELECT detail FROM journal WHERE action = 'document.rejected'")
    assert "embedded_file" in str(told)


async def test_a_content_that_changed_in_the_store_is_rejected(
    upload: Upload, documents_folder: Path, now: datetime
) -> None:
    row = await upload(corpus.scan())
    name = row.sha256.hex()
    (documents_folder / "sha256" / name[:2] / name).write_bytes(corpus.scan() + b"\n")

    await operations.inspect(document_id=row.id, scanner=None, now=now)

    assert (await queries.by_id(row.id)).rejected_because == Reason.CONTENT_CHANGED


async def test_the_scanner_rejects_what_it_knows_and_passes_the_rest_on(
    upload: Upload, clamd: tuple[Clamd, str], now: datetime
) -> None:
    scanner = Scanner(clamd[1])
    bad = await upload(corpus.scan()[:-6] + b"% " + EICAR + b"\n%%EOF\n")
    good = await upload(corpus.png(400, 300), "image/png")

    for row in (bad, good):
        await operations.inspect(document_id=row.id, scanner=scanner, now=now)

    assert (await queries.by_id(bad.id)).rejected_because == Reason.MALWARE
    assert (await queries.by_id(good.id)).state == "clean"
    assert clamd[0].asked == 2


@pytest.mark.parametrize("answer", [b"stream: size limit exceeded ERROR\0", b"", b"\0", b"x" * 9000])
async def test_while_the_scanner_does_not_answer_nothing_leaves_quarantine(
    upload: Upload, clamd: tuple[Clamd, str], answer: bytes, now: datetime
) -> None:
    clamd[0].answer = answer
    row = await upload(corpus.scan())

    with pytest.raises(Later):
        await operations.inspect(document_id=row.id, scanner=Scanner(clamd[1]), now=now)
    assert (await queries.by_id(row.id)).state == "quarantined"

    clamd[0].answer = b"stream: OK\0"
    await operations.inspect(document_id=row.id, scanner=Scanner(clamd[1]), now=now)
    assert (await queries.by_id(row.id)).state == "clean"


async def test_a_scanner_that_is_away_is_waited_for(upload: Upload, tmp_path: Path, now: datetime) -> None:
    row = await upload(corpus.scan())

    with pytest.raises(Later):
        await operations.inspect(document_id=row.id, scanner=Scanner(f"unix://{tmp_path}/nobody"), now=now)

    assert (await queries.by_id(row.id)).state == "quarantined"


def test_a_scanner_is_named_by_a_socket() -> None:
    assert Settings.from_environment({}).antivirus is None
    assert Settings.from_environment({"MOTCUA_CLAMD": "tcp://av:3310"}).antivirus == "tcp://av:3310"
    for wrong in ("/run/clamd", "http://av", "unix://", "tcp://"):
        with pytest.raises(SettingsError):
            Settings.from_environment({"MOTCUA_CLAMD": wrong})
