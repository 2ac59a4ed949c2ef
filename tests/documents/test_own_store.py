"""A person's electronic store: what they put in, what is in it, and who else read it."""

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.actor import Actor, current_actor
from app.core.database import DB
from app.documents import operations, queries, rules, store
from app.documents.one_page import one_page
from app.http.principals import Caller
from app.sample import seed
from tests import remembered
from tests.conftest import SignedIn
from tests.documents import corpus
from tests.documents.conftest import CENTRE, Upload

SignIn = Callable[..., Awaitable[SignedIn]]
STORE = "/v1/documents"


class Person:
    """Somebody with a telephone and papers."""

    def __init__(self, http: httpx.AsyncClient, who: SignedIn) -> None:
        self.http, self.id, self.headers = http, who.principal.id, who.headers

    async def adds(self, content: bytes, content_type: str = "image/png", **headers: str) -> httpx.Response:
        usual = {"Content-Type": content_type, "Idempotency-Key": str(uuid.uuid4())}
        return await self.http.post(STORE, content=content, headers=self.headers | usual | headers)

    async def sees(self, path: str = "", **params: Any) -> httpx.Response:
        return await self.http.get(STORE + path, headers=self.headers, params=params)


@pytest.fixture
async def lan(client: httpx.AsyncClient, sign_in: SignIn) -> Person:
    return Person(client, await sign_in(Caller.CITIZEN))


@pytest.fixture
async def hung(client: httpx.AsyncClient, sign_in: SignIn) -> Person:
    return Person(client, await sign_in(Caller.CITIZEN))


@pytest.fixture
def as_officer() -> Iterator[uuid.UUID]:
    """An officer is acting, where a test calls operations."""
    officer_id = uuid.uuid4()
    token = current_actor.set(Actor("officer", str(officer_id)))
    yield officer_id
    current_actor.reset(token)


async def test_what_a_person_puts_in_waits_for_inspection_and_is_then_theirs_to_read(
    lan: Person, now: datetime
) -> None:
    picture = corpus.photograph()
    added = await lan.adds(picture, "image/jpeg")
    assert (added.status_code, added.json()["state"], added.json()["kind"]) == (201, "quarantined", "own")
    name = f"/{added.json()['id']}"
    waiting = await lan.sees(f"{name}/content")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "document_not_clean")

    await operations.inspect(document_id=uuid.UUID(added.json()["id"]), scanner=None, now=now)

    detail = await lan.sees(name)
    assert (detail.json()["state"], detail.headers["ETag"]) == ("clean", '"2"')
    content = await lan.sees(f"{name}/content")
    assert hashlib.sha256(content.content).hexdigest() == detail.json()["served"]["sha256"]
    assert corpus.GPS_TEXT not in content.content
    assert content.headers["Content-Disposition"].startswith("attachment")
    assert [each["id"] for each in (await lan.sees()).json()["items"]] == [added.json()["id"]]
    assert (await lan.sees(f"{name}/reads")).json() == {"items": [], "next_cursor": None}


async def test_what_inspection_refuses_stays_to_be_seen_with_its_reason(lan: Person, now: datetime) -> None:
    added = await lan.adds(corpus.pdf(corpus.attached), "application/pdf")

    await operations.inspect(document_id=uuid.UUID(added.json()["id"]), scanner=None, now=now)

    [seen] = (await lan.sees()).json()["items"]
    assert (seen["state"], seen["rejected_because"], seen["served"]) == ("rejected", "embedded_file", None)
    assert (await lan.sees(f"/{seen['id']}/content")).status_code == 409


async def test_the_same_file_twice_is_one_document_and_anothers_is_another(
    lan: Person, hung: Person
) -> None:
    page = one_page("Giay xac nhan")

    first = await lan.adds(page, "application/pdf")
    again = await lan.adds(page, "application/pdf")
    key = str(uuid.uuid4())
    keyed = [await hung.adds(page, "application/pdf", **{"Idempotency-Key": key}) for _ in range(2)]

    assert first.json()["id"] == again.json()["id"] != keyed[0].json()["id"]
    assert keyed[1].headers["Idempotent-Replayed"] == "true" and keyed[0].text == keyed[1].text


async def test_to_anybody_else_a_document_is_not_there(lan: Person, hung: Person) -> None:
    name = f"/{(await lan.adds(corpus.png())).json()['id']}"

    answers = [await hung.sees(name + part) for part in ("", "/content", "/reads")]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "document_not_found")] * 3
    assert (await hung.sees()).json()["items"] == []


async def test_a_store_takes_twenty_that_no_dossier_names_also_of_those_who_add_at_once(
    lan: Person, hung: Person
) -> None:
    for _ in range(rules.MAX_OWN - 3):
        assert (await lan.adds(one_page(str(uuid.uuid4())), "application/pdf")).status_code == 201
    begun = await lan.adds(b"", "application/pdf", **{"Upload-Complete": "?0"})
    assert begun.status_code == 201

    answers = await asyncio.gather(
        *(lan.adds(one_page(str(uuid.uuid4())), "application/pdf") for _ in range(6))
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (refused["code"], refused["limit"]) == ("too_many_documents", rules.MAX_OWN)
    in_parts = await lan.adds(b"", "application/pdf", **{"Upload-Complete": "?0"})
    assert (in_parts.status_code, in_parts.json()["code"]) == (409, "too_many_documents")
    assert (await hung.adds(corpus.png())).status_code == 201


async def test_a_case_takes_twenty_scans_that_are_no_papers_of_a_dossier_yet(
    upload: Upload, now: datetime
) -> None:
    for n in range(rules.MAX_PER_CASE):
        await upload(f"{n}".encode(), dossier_number="H42.10-261124-0001")

    with pytest.raises(operations.TooManyDocuments):
        await upload(b"one more", dossier_number="H42.10-261124-0001")

    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE document SET named_at = $1 WHERE sha256 = $2", now, hashlib.sha256(b"0").digest()
    )
    await upload(b"one more", dossier_number="H42.10-261124-0001")
    await upload(b"one more", dossier_number="H42.10-261124-0002")


async def test_pages_of_a_store_neither_repeat_nor_leave_out(
    lan: Person, upload: Upload, now: datetime
) -> None:
    for n in range(7):
        # Two of a moment: the id decides.
        await upload(
            f"{n}".encode(), kind="own", centre_id=None, owner_id=lan.id, now=now + timedelta(hours=n // 2)
        )
    expected = [str(row.id) for row in await queries.of_owner(lan.id, limit=100)]

    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await lan.sees(limit=3, **cursor)
        found += [each["id"] for each in page.json()["items"]]
        if page.json()["next_cursor"] is None:
            assert "Link" not in page.headers
            break
        assert 'rel="next"' in page.headers["Link"]
        cursor = {"cursor": page.json()["next_cursor"]}

    assert found == expected and len(set(found)) == 7


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0", "WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTE0OjAwIiwieCJd"])
async def test_a_cursor_of_somebody_elses_making_is_refused(lan: Person, cursor: str) -> None:
    name = f"/{(await lan.adds(corpus.png())).json()['id']}"

    for path in ("", f"{name}/reads"):
        answer = await lan.sees(path, cursor=cursor)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_not_valid")


async def test_every_reading_by_others_is_listed_with_who_when_and_why(
    lan: Person, client: httpx.AsyncClient, sign_in: SignIn, upload: Upload, now: datetime
) -> None:
    await remembered.catalogue(now)
    centre_id = seed.DEMO_CENTRE_ID
    minh = await sign_in(Caller.OFFICER, centre_id=centre_id)
    stranger = await sign_in(Caller.OFFICER, centre_id=CENTRE)
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO officer (id, centre_id, name, role, active, created_at)"
        " VALUES ($1, $2, 'Trần Văn Minh', 'officer', true, $3)",
        minh.principal.id,
        centre_id,
        now,
    )
    row = await upload(
        corpus.scan(), centre_id=centre_id, owner_id=lan.id, dossier_number="H42.10-261124-0001"
    )
    await operations.inspect(document_id=row.id, scanner=None, now=now)
    path = f"/v1/staff/documents/{row.id}/content"

    answers = [
        await client.get(path, headers=headers)
        for headers in (minh.headers, stranger.headers, minh.headers)
    ]
    own = await lan.sees(f"/{row.id}/content")

    assert [answer.status_code for answer in answers] == [200, 404, 200]
    assert own.status_code == 200
    first = (await lan.sees(f"/{row.id}/reads", limit=1)).json()
    second = (await lan.sees(f"/{row.id}/reads", limit=1, cursor=first["next_cursor"])).json()
    assert second["next_cursor"] is None
    readings = [*first["items"], *second["items"]]
    assert len({each["id"] for each in readings}) == 2
    for each in readings:
        assert (each["purpose"], each["dossier"]) == ("read", "H42.10-261124-0001")
        assert each["reader"]["kind"] == "officer"
        assert each["reader"]["name"] == "Trần Văn Minh"
        assert each["reader"]["centre_name_vi"] and each["reader"]["centre_name_en"]
        assert each["at"].endswith("+07:00")


async def test_a_reading_before_a_document_was_theirs_is_listed_too(
    lan: Person, upload: Upload, as_officer: uuid.UUID, now: datetime
) -> None:
    row = await upload(corpus.scan())
    await operations.note_read(document_id=row.id, now=now)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE document SET owner_id = $2 WHERE id = $1", row.id, lan.id)

    [reading] = (await lan.sees(f"/{row.id}/reads")).json()["items"]

    assert (reading["reader"]["kind"], reading["reader"]["name"]) == ("officer", None)


async def test_an_upload_in_parts_is_its_senders_alone(lan: Person, hung: Person) -> None:
    begun = await lan.adds(b"%PDF-", "application/pdf", **{"Upload-Complete": "?0"})
    path = begun.headers["Location"]
    part = {"Content-Type": "application/partial-upload", "Upload-Offset": "5", "Upload-Complete": "?1"}

    for method, content in (("HEAD", b""), ("PATCH", b"x"), ("DELETE", b"")):
        answer = await hung.http.request(method, path, content=content, headers=hung.headers | part)
        assert answer.status_code == 404
    assert (await lan.http.get(f"{path}/state", headers=hung.headers)).status_code == 404
    mine = await lan.http.get(f"{path}/state", headers=lan.headers)
    assert mine.json() == {"id": path.rsplit("/", 1)[1], "offset": 5, "document_id": None}
    assert (await lan.http.delete(path, headers=lan.headers)).status_code == 204
    assert (await lan.http.head(path, headers=lan.headers)).status_code == 404


@pytest.mark.parametrize(
    ("content", "content_type", "headers", "status", "code"),
    [
        (b"", "image/png", {}, 422, "empty_document"),
        (b"x", "text/plain", {}, 415, "unsupported_media_type"),
        (b"x", "image/png", {"Upload-Complete": "perhaps"}, 400, "upload_header_not_valid"),
        (b"x", "image/png", {"Content-Digest": f"sha-256=:{'A' * 43}=:"}, 422, "digest_mismatch"),
        (b"", "image/png", {"Upload-Complete": "?0", "Upload-Length": "99999999"}, 422, "upload_too_large"),
        (b"", "text/plain", {"Upload-Complete": "?0"}, 415, "unsupported_media_type"),
    ],
)
async def test_what_cannot_be_right_is_refused(
    lan: Person, content: bytes, content_type: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await lan.adds(content, content_type, **headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await lan.sees()).json()["items"] == []


async def test_what_was_sent_is_kept_to_the_byte_beside_what_is_served(lan: Person) -> None:
    picture = corpus.png(400, 300)

    added = await lan.adds(picture)

    row = await queries.by_id(uuid.UUID(added.json()["id"]))
    assert (row.kind, row.owner_id, row.centre_id) == ("own", lan.id, None)
    assert await store.read(row.sha256) == picture
