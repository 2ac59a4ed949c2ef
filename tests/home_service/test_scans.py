"""A scan sent from a valley: cut anywhere, it goes on where it stopped and comes to the same bytes."""

import base64
import hashlib
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.clock import current_time
from app.core.database import DB
from app.documents import queries as documents
from app.documents import rules, store, uploads
from app.home_service.queries import HomeVisitRow
from app.http.principals import Caller
from partners.postal import scopes
from tests.conftest import SignedIn
from tests.home_service.conftest import PARTNER, Promise

SignIn = Callable[..., Awaitable[SignedIn]]
Message = MutableMapping[str, Any]
SCAN = b"%PDF-1.4\n" + bytes(range(256)) * 40 + b"\n%%EOF\n"
CHUNK = 1000


def digest_of(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


class Phone:
    """A courier's telephone with a scan to send."""

    def __init__(self, http: httpx.AsyncClient, headers: dict[str, str], visit: HomeVisitRow) -> None:
        self.http, self.headers, self.visit = http, headers, visit

    async def begins(self, first: bytes = b"", **headers: str) -> httpx.Response:
        return await self.http.post(
            "/v1/partner/documents",
            params={"task_id": str(self.visit.id), "component": 1},
            content=first,
            headers=self.headers
            | {"Content-Type": "application/pdf", "Upload-Complete": "?0"}
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def goes_on(
        self, path: str, part: bytes, at: int, *, last: bool = False, **headers: str
    ) -> httpx.Response:
        return await self.http.patch(
            path,
            content=part,
            headers=self.headers
            | {
                "Content-Type": "application/partial-upload",
                "Upload-Offset": str(at),
                "Upload-Complete": "?1" if last else "?0",
            }
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def cut_after(self, path: str, rest: bytes, at: int, arriving: int) -> None:
        """The connection is lost once so many bytes have gone: the server hears that, the phone nothing."""
        app = self.http._transport.app  # type: ignore[attr-defined]

        async def cut(scope: Any, _receive: Any, send: Any) -> None:
            pieces = [rest[:arriving][n : n + CHUNK] for n in range(0, arriving, CHUNK)]
            messages: list[Message] = [
                {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
            ]
            messages.append({"type": "http.disconnect"})

            async def receive() -> Message:
                return messages.pop(0) if len(messages) > 1 else messages[0]

            await app(scope, receive, send)

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(cut), base_url=self.http.base_url
        ) as line:
            await Phone(line, self.headers, self.visit).goes_on(path, rest, at, last=True)

    async def asks(self, path: str) -> int:
        answer = await self.http.head(path, headers=self.headers)
        assert answer.status_code == 204
        return int(answer.headers["Upload-Offset"])


@pytest.fixture
async def phone(promise: Promise, client: httpx.AsyncClient, sign_in: SignIn, tmp_path: Path) -> Phone:
    store.open_store(f"file://{tmp_path}")
    partner = await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=frozenset({scopes.DOCUMENTS_WRITE}))
    return Phone(client, partner.headers, await promise())


async def kept(phone: Phone) -> list[bytes]:
    scans = await documents.of_home_visit(phone.visit.id)
    return [await store.read(scan.sha256) for scan in scans]


async def test_a_connection_cut_at_every_quarter_comes_to_the_same_bytes(phone: Phone) -> None:
    begun = await phone.begins(Upload_Length=str(len(SCAN)), Repr_Digest=digest_of(SCAN))
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "0")
    path, quarter = begun.headers["Location"], len(SCAN) // 4

    for n in range(1, 4):
        at = await phone.asks(path)
        assert at == (n - 1) * quarter
        await phone.cut_after(path, SCAN[at:], at, quarter)
        assert await kept(phone) == []
    at = await phone.asks(path)
    last = await phone.goes_on(path, SCAN[at:], at, last=True)

    assert at == 3 * quarter
    assert (last.status_code, last.json()["state"]) == (201, "quarantined")
    assert last.json()["sha256"] == hashlib.sha256(SCAN).hexdigest()
    assert await kept(phone) == [SCAN]
    state = await phone.http.get(f"{path}/state", headers=phone.headers)
    assert state.json() == {
        "id": path.rsplit("/", 1)[1],
        "offset": len(SCAN),
        "document_id": last.json()["id"],
    }


async def test_parts_sent_twice_are_one_and_the_last_answers_the_same(phone: Phone) -> None:
    path = (await phone.begins(SCAN[:100])).headers["Location"]

    for _ in range(2):
        assert (await phone.goes_on(path, SCAN[100:200], 100)).status_code == 204
    first = await phone.goes_on(path, SCAN[200:], 200, last=True)
    again = await phone.goes_on(path, SCAN[200:], 200, last=True)

    assert first.json()["id"] == again.json()["id"]
    assert await kept(phone) == [SCAN]


async def test_a_part_that_leaves_a_gap_or_overlaps_is_told_where_to_go_on(phone: Phone) -> None:
    path = (await phone.begins(SCAN[:100])).headers["Location"]

    for at in (0, 50, 101, 5000):
        refused = await phone.goes_on(path, b"x" * 30, at)
        assert (refused.status_code, refused.json()["code"]) == (409, "upload_offset_mismatch")
        assert refused.json()["offset"] == 100
    assert await phone.asks(path) == 100


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Upload_Offset": "-1"}, 400, "upload_header_not_valid"),
        ({"Upload_Offset": "١"}, 400, "upload_header_not_valid"),
        ({"Upload_Offset": "99999999999"}, 400, "upload_header_not_valid"),
        ({"Upload_Complete": "yes"}, 400, "upload_header_not_valid"),
        ({"Content_Type": "application/pdf"}, 415, "unsupported_media_type"),
        ({"Content_Digest": digest_of(b"another")}, 422, "digest_mismatch"),
    ],
)
async def test_a_part_that_cannot_be_right_changes_nothing(
    phone: Phone, headers: dict[str, Any], status: int, code: str
) -> None:
    path = (await phone.begins(SCAN[:100])).headers["Location"]
    encoded = {name: value.encode() for name, value in headers.items()}

    refused = await phone.goes_on(path, SCAN[100:], 100, **encoded)  # type: ignore[arg-type]

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await phone.asks(path) == 100


async def test_more_than_was_declared_or_than_a_scan_may_be_is_refused(phone: Phone) -> None:
    path = (await phone.begins(Upload_Length="100")).headers["Location"]

    more = await phone.goes_on(path, SCAN[:101], 0)
    less = await phone.goes_on(path, SCAN[:99], 0, last=True)
    huge = await phone.begins(Upload_Length=str(rules.MAX_BYTES + 1))
    beyond = await phone.goes_on(path, b"x", rules.MAX_BYTES)

    assert (more.status_code, more.json()["code"]) == (422, "upload_too_large")
    assert (less.status_code, less.json()["code"]) == (409, "upload_offset_mismatch")
    assert (huge.status_code, beyond.status_code) == (422, 422)
    assert await kept(phone) == []


async def test_bytes_that_are_not_the_declared_ones_become_no_document(phone: Phone) -> None:
    path = (await phone.begins(Repr_Digest=digest_of(SCAN))).headers["Location"]

    refused = await phone.goes_on(path, SCAN + b"!", 0, last=True)

    assert (refused.status_code, refused.json()["code"]) == (422, "digest_mismatch")
    assert await kept(phone) == []


async def test_another_partner_sees_no_upload_and_what_is_given_up_is_gone(
    phone: Phone, sign_in: SignIn
) -> None:
    path = (await phone.begins(SCAN[:100])).headers["Location"]
    other = await sign_in(
        Caller.PARTNER, subject_id=uuid.uuid4(), scopes=frozenset({scopes.DOCUMENTS_WRITE})
    )
    stranger = Phone(phone.http, other.headers, phone.visit)

    assert (await stranger.goes_on(path, b"x", 100)).status_code == 404
    assert (await phone.http.head(path, headers=other.headers)).status_code == 404
    assert (await stranger.begins(b"")).status_code == 404
    assert (await phone.http.delete(path, headers=other.headers)).status_code == 404
    assert (await phone.http.delete(path, headers=phone.headers)).status_code == 204
    assert (await phone.http.head(path, headers=phone.headers)).status_code == 404


async def test_an_upload_nobody_goes_on_with_is_forgotten_after_days(phone: Phone) -> None:
    await phone.begins(SCAN[:100])

    now = current_time()
    await uploads.forget_older_than(moment=now - timedelta(days=7), now=now)
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM scan_part") == 1
    await uploads.forget_older_than(moment=now + timedelta(days=7), now=now)

    assert await DB.pool.fetchval("SELECT count(*) FROM scan_part") == 0
