"""What a paper is called: replaced by version, refused when it cannot be true, nobody else's to say."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.http.principals import Caller
from tests.conftest import SignedIn
from tests.documents import corpus
from tests.documents.conftest import CENTRE, Upload

SignIn = Callable[..., Awaitable[SignedIn]]
MARRIAGE = {
    "name": "Giấy chứng nhận kết hôn",
    "code": "KQ.G15.000032",
    "number": "12/2026",
    "issuer": "UBND phường Tam Điệp",
    "scope": "Toàn quốc",
    "issued_on": "2026-03-02",
    "is_permanent": True,
}


@pytest.fixture
async def officer(sign_in: SignIn) -> SignedIn:
    return await sign_in(Caller.OFFICER, centre_id=CENTRE)


async def put(
    client: httpx.AsyncClient, who: SignedIn, document: uuid.UUID, version: int, **facts: Any
) -> httpx.Response:
    return await client.put(
        f"/v1/staff/documents/{document}/coding",
        json=MARRIAGE | facts,
        headers=who.headers | {"If-Match": f'"{version}"'},
    )


async def test_a_coding_is_shown_and_replaced_by_version(
    client: httpx.AsyncClient, officer: SignedIn, upload: Upload
) -> None:
    row = await upload(corpus.scan(), kind="result")

    first = await put(client, officer, row.id, 1)
    stale = await put(client, officer, row.id, 1, number="13/2026")
    second = await put(client, officer, row.id, 2, number="13/2026")

    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_document")
    assert second.status_code == 200
    shown = (await client.get(f"/v1/staff/documents/{row.id}", headers=officer.headers)).json()
    told = shown["coding"]
    assert told.pop("coded_at").endswith("+07:00")
    assert told == MARRIAGE | {"number": "13/2026", "valid_until": None}


@pytest.mark.parametrize(
    "facts",
    [
        {"valid_until": "2027-01-01"},
        {"is_permanent": False, "valid_until": "2026-03-01"},
        {"name": "\u200b"},
        {"name": "  "},
        {"issuer": "a\u0007b"},
    ],
)
async def test_a_coding_that_cannot_be_true_changes_nothing(
    client: httpx.AsyncClient, officer: SignedIn, upload: Upload, facts: dict[str, Any]
) -> None:
    row = await upload(corpus.scan())

    refused = await put(client, officer, row.id, 1, **facts)

    assert (refused.status_code, refused.json()["code"]) == (422, "coding_not_valid")
    shown = (await client.get(f"/v1/staff/documents/{row.id}", headers=officer.headers)).json()
    assert (shown["coding"], shown["version"]) == (None, 1)


async def test_another_centre_codes_nothing_here(
    client: httpx.AsyncClient, sign_in: SignIn, upload: Upload
) -> None:
    row = await upload(corpus.scan())
    elsewhere = await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())

    assert (await put(client, elsewhere, row.id, 1)).status_code == 404
    assert (await put(client, elsewhere, uuid.uuid4(), 1)).status_code == 404
