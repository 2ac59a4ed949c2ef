"""What nothing refers to is removed after its term, and the object store and the rows agree afterwards."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta

import asyncpg
import httpx
import pytest

from app.core.clock import FastClock, machine_time, set_clock
from app.core.database import DB, fetch, fetch_value
from app.core.later import Later
from app.documents import contents, operations, quota, removing, rules, store, uploads
from app.documents.errors import UploadNotFound
from app.documents.queries import DocumentRow
from app.documents.sweeping import sweep_store
from app.dossiers.operations import remove_expired_papers
from app.http.principals import Caller
from jobs import schedules
from tests.conftest import SignedIn, Stores
from tests.documents import corpus
from tests.documents.conftest import Upload

SECOND = timedelta(seconds=1)
LAN = uuid.UUID(int=7)
WAITS_WITHIN_S = 60
CLEAN_OF = "SELECT clean_sha256 FROM document WHERE id = $1"


async def held() -> set[bytes]:
    """What the object store holds."""
    return {digest async for digest in store.digests()}


async def named() -> set[bytes]:
    """What rows name, asked in another way than the program asks."""
    rows = await fetch(
        "SELECT sha256 FROM document UNION SELECT clean_sha256 FROM document"
        " UNION SELECT signed_sha256 FROM document UNION SELECT sha256 FROM document_signature"
        " UNION SELECT sha256 FROM scan_part"
    )
    return {row["sha256"] for row in rows} - {None}


async def ids() -> set[uuid.UUID]:
    return {row["id"] for row in await fetch("SELECT id FROM document")}


async def put(content: bytes) -> bytes:
    """A crash: a content was kept, and no row came to name it."""
    return await operations.keep(content, expected_sha256=None)


async def moved_on(interval: timedelta) -> None:
    """The machine's time passed since contents left."""
    assert DB.pool is not None
    await DB.pool.execute("UPDATE leaving_content SET since = since - $1::interval", interval)


@pytest.fixture
async def rejected(upload: Upload, now: datetime) -> DocumentRow:
    row = await upload(corpus.pdf(corpus.attached))
    await operations.inspect(document_id=row.id, scanner=None, now=now)
    return row


@pytest.fixture
async def clean(upload: Upload, now: datetime) -> Callable[..., Awaitable[DocumentRow]]:
    async def run(**facts: object) -> DocumentRow:
        size = int(str(facts.pop("size", 40)))
        row = await upload(corpus.png(size, size), "image/png", **facts)
        await operations.inspect(document_id=row.id, scanner=None, now=now)
        return row

    return run


Clean = Callable[..., Awaitable[DocumentRow]]


async def test_each_document_nothing_refers_to_goes_after_its_own_term(
    upload: Upload, clean: Clean, rejected: DocumentRow, now: datetime
) -> None:
    waiting = await upload(b"%PDF-1.4 nobody looked")
    scan = await clean()
    own = await clean(kind="own", centre_id=None, owner_id=LAN)
    of_a_dossier = await clean(dossier_number="H42.10-261124-0001")
    of_a_visit = await clean(home_visit_id=uuid.uuid4())
    terms = {
        rejected.id: rules.REJECTED_KEPT,
        scan.id: rules.UNNAMED_SCAN_KEPT,
        waiting.id: rules.QUARANTINED_KEPT,
        own.id: rules.OWN_KEPT,
    }

    for term in sorted(set(terms.values())):
        before = await ids()
        await remove_expired_papers(at_most=100, now=now + term - SECOND)
        assert await ids() == before
        await remove_expired_papers(at_most=100, now=now + term + SECOND)
        assert before - await ids() == {each for each, of_it in terms.items() if of_it == term}

    assert await ids() == {of_a_dossier.id, of_a_visit.id}
    removed = await fetch("SELECT object_id FROM journal WHERE action = 'document.removed'")
    assert {uuid.UUID(row["object_id"]) for row in removed} == set(terms)


async def test_what_is_past_its_term_goes_in_portions_until_nothing_is_left(
    upload: Upload, now: datetime
) -> None:
    for n in range(5):
        await upload(f"{n}".encode())

    looked_at = []
    while found := await remove_expired_papers(at_most=2, now=now + timedelta(days=60)):
        looked_at.append(found)

    assert looked_at == [2, 2, 1]
    assert await ids() == set()


async def test_after_two_nights_the_store_holds_what_rows_name_and_nothing_else(
    clean: Clean, rejected: DocumentRow, documents_folder: object, now: datetime
) -> None:
    kept = await clean(dossier_number="H42.10-261124-0001")
    scan, shared = await clean(size=50), await clean(size=60)
    again = await operations.upload(
        sha256=shared.sha256,
        size_bytes=shared.size_bytes,
        content_type="image/png",
        kind="component",
        dossier_number="H42.10-261124-0002",
        now=now,
    )
    await operations.inspect(document_id=again.id, scanner=None, now=now)
    orphan = await put(b"a crash came before the row")
    upload = await uploads.begin(
        citizen_id=LAN, content_type="image/png", sha256=None, length=None, now=now
    )
    await uploads.append(upload, b"a part nobody goes on with", begins_at=0)
    going_on = await uploads.begin(
        citizen_id=LAN, content_type="image/png", sha256=None, length=None, now=now
    )
    await uploads.append(going_on, b"a part", begins_at=0)
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE scan_upload SET created_at = $2 WHERE id = $1", going_on.id, now + rules.OWN_KEPT
    )
    later = now + timedelta(days=40)

    assert await uploads.forget_older_than(moment=later - rules.UPLOADS_KEPT, now=later) == 1
    assert await remove_expired_papers(at_most=100, now=later) == 3
    first = await sweep_store(now=later)
    assert await named() < await held()
    second = await sweep_store(now=later + rules.FORGOTTEN_KEPT + SECOND)

    assert (first.unnamed, first.taken_out) == (1, 0)
    assert second.unnamed == 0 and second.taken_out == first.kept - len(await named())
    assert await held() == await named()
    assert {kept.sha256, shared.sha256} <= await held()
    assert not {scan.sha256, rejected.sha256, orphan} & await held()
    assert await ids() == {kept.id, again.id}
    third = await sweep_store(now=later + timedelta(days=9))
    assert (third.kept, third.unnamed, third.taken_out) == (len(await named()), 0, 0)


async def test_a_content_named_again_before_its_day_stays(upload: Upload, now: datetime) -> None:
    digest = await put(b"%PDF-1.4 the same file")
    await sweep_store(now=now)

    await upload(b"%PDF-1.4 the same file")
    await sweep_store(now=now + timedelta(days=3))

    assert digest in await held()
    assert await fetch_value("SELECT count(*) FROM forgotten_content") == 0


async def test_whoever_sends_a_file_while_it_is_taken_out_comes_again_and_is_taken(
    upload: Upload, now: datetime
) -> None:
    digest = await put(b"%PDF-1.4 the same file")
    await sweep_store(now=now)
    await sweep_store(now=now + timedelta(days=2))
    assert digest not in await held()

    with pytest.raises(contents.ContentLeaving):
        await upload(b"%PDF-1.4 the same file")
    await moved_on(rules.LEFT_KEPT + SECOND)
    await sweep_store(now=now + timedelta(days=2))
    row = await upload(b"%PDF-1.4 the same file")

    assert await store.read(row.sha256) == b"%PDF-1.4 the same file"
    await sweep_store(now=now + timedelta(days=9))
    await sweep_store(now=now + timedelta(days=12))
    assert digest in await held()


async def test_what_inspection_would_serve_is_not_named_while_it_is_taken_out(
    upload: Upload, now: datetime
) -> None:
    # The same picture was inspected before, and what was served of it is leaving just now.
    before = await upload(corpus.scan())
    await operations.inspect(document_id=before.id, scanner=None, now=now)
    served = await fetch_value("SELECT clean_sha256 FROM document")
    assert DB.pool is not None
    await DB.pool.execute("INSERT INTO leaving_content (sha256, since) VALUES ($1, now())", served)
    row = await upload(corpus.scan(), dossier_number="H42.10-261124-0001")

    with pytest.raises(Later):
        await operations.inspect(document_id=row.id, scanner=None, now=now)
    assert await fetch_value("SELECT state FROM document WHERE id = $1", row.id) == "quarantined"
    await moved_on(rules.LEFT_KEPT + SECOND)
    await contents.free_names()
    await operations.inspect(document_id=row.id, scanner=None, now=now)

    assert await fetch_value("SELECT state FROM document WHERE id = $1", row.id) == "clean"


async def test_a_name_that_is_being_given_is_waited_for(
    stores: Stores, database: object, now: datetime
) -> None:
    digest = await put(b"%PDF-1.4 the same file")
    await sweep_store(now=now)
    uploading = await asyncpg.connect(stores.database_url)
    try:
        work = uploading.transaction()
        await work.start()
        await uploading.execute("DELETE FROM forgotten_content WHERE sha256 = $1", digest)
        await uploading.execute(
            "INSERT INTO document (id, kind, sha256, size_bytes, content_type, state, uploaded_by_kind,"
            " uploaded_by_id, created_at)"
            " VALUES ($1,'component',$2,1,'image/png','quarantined','system','',$3)",
            uuid.uuid4(),
            digest,
            now,
        )
        sweeping = asyncio.create_task(sweep_store(now=now + timedelta(days=2)))
        async with asyncio.timeout(WAITS_WITHIN_S):
            while not await fetch_value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database() AND query LIKE '%forgotten_content%'"
            ):
                await asyncio.sleep(0.01)
        await work.commit()
        swept = await sweeping
    finally:
        await uploading.close()

    assert swept.taken_out == 0
    assert digest in await held()


async def test_a_part_of_an_upload_that_was_given_up_is_refused(database: object, now: datetime) -> None:
    upload = await uploads.begin(
        citizen_id=LAN, content_type="image/png", sha256=None, length=None, now=now
    )
    await uploads.forget(upload_id=upload.id, now=now)

    with pytest.raises(UploadNotFound):
        await uploads.append(upload, b"late", begins_at=0)


async def test_what_was_removed_while_it_waited_needs_no_inspection(upload: Upload, now: datetime) -> None:
    row = await upload(corpus.scan(), kind="own", centre_id=None, owner_id=LAN)
    await removing.remove_own(document_id=row.id, owner_id=LAN, now=now)

    await operations.inspect(document_id=row.id, scanner=None, now=now)

    assert await ids() == set()


@pytest.fixture
def the_machines_clock_afterwards() -> Iterator[None]:
    yield
    set_clock(None)


async def test_the_night_does_all_of_it(
    clean: Clean, rejected: DocumentRow, the_machines_clock_afterwards: None, now: datetime
) -> None:
    kept = await clean(dossier_number="H42.10-261124-0001")
    await put(b"a crash came before the row")

    for days in (40, 42):
        set_clock(FastClock(now + timedelta(days=days), machine_time(), 1))
        await schedules.remove_what_is_past_its_term({})

    assert await ids() == {kept.id}
    assert await held() == await named() == {kept.sha256, await fetch_value(CLEAN_OF, kept.id)}


async def test_a_person_takes_out_what_they_put_in_and_nothing_else(
    client: httpx.AsyncClient,
    sign_in: Callable[..., Awaitable[SignedIn]],
    clean: Clean,
    now: datetime,
) -> None:
    lan, hung = await sign_in(Caller.CITIZEN), await sign_in(Caller.CITIZEN)
    own = await clean(kind="own", centre_id=None, owner_id=lan.principal.id)
    result = await clean(kind="result", owner_id=lan.principal.id, dossier_number="H42.10-261124-0001")

    async def remove(row: DocumentRow, who: SignedIn) -> tuple[int, str]:
        answer = await client.delete(f"/v1/documents/{row.id}", headers=who.headers)
        return answer.status_code, answer.json()["code"] if answer.content else ""

    assert await remove(own, hung) == (404, "document_not_found")
    assert await remove(result, lan) == (409, "document_in_use")
    assert await remove(own, lan) == (204, "")
    assert await remove(own, lan) == (404, "document_not_found")
    assert await ids() == {result.id}
    await sweep_store(now=now + timedelta(days=2))
    assert await held() == await named()


async def test_taking_one_out_makes_room(upload: Upload, now: datetime) -> None:
    rows = [
        await upload(f"{n}".encode(), kind="own", centre_id=None, owner_id=LAN)
        for n in range(rules.MAX_OWN)
    ]
    with pytest.raises(quota.TooManyDocuments):
        await upload(b"one more", kind="own", centre_id=None, owner_id=LAN)

    await removing.remove_own(document_id=rows[0].id, owner_id=LAN, now=now)

    await upload(b"one more", kind="own", centre_id=None, owner_id=LAN)
