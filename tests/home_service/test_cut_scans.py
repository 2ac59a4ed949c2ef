"""A courier's scan over a real line that breaks: at every quarter it goes on to the same bytes."""

import base64
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from app.core.clock import current_time
from app.documents import operations as documents
from app.documents import queries, store
from app.http.principals import Caller
from partners.postal import scopes
from tests.conftest import SignedIn
from tests.documents import corpus
from tests.documents.cutting import send_cut, until_arrived
from tests.home_service.conftest import PARTNER, Promise

PART = "application/partial-upload"
# Larger than any buffer on the way, and a picture that inspection takes.
SCAN = corpus.png(1800, 1800)
QUARTERS = [len(SCAN) * n // 4 for n in range(1, 4)]


@pytest.fixture
async def courier(sign_in: Callable[..., Awaitable[SignedIn]]) -> dict[str, str]:
    partner = await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=frozenset({scopes.DOCUMENTS_WRITE}))
    return partner.headers


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
async def test_a_scan_cut_at_every_quarter_resumes_to_the_same_bytes(
    served: str, served_folder: Path, promise: Promise, courier: dict[str, str], declared: bool
) -> None:
    store.open_store(f"file://{served_folder / 'documents'}")
    visit = await promise()
    whole = {
        "Upload-Length": str(len(SCAN)),
        "Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(SCAN).digest()).decode()}:",
    }
    async with httpx.AsyncClient(base_url=served, trust_env=False) as http:
        begun = await http.post(
            "/v1/partner/documents",
            params={"task_id": str(visit.id), "component": 1},
            headers=courier
            | {"Content-Type": "image/png", "Upload-Complete": "?0", "Idempotency-Key": str(uuid.uuid4())}
            | (whole if declared else {}),
        )
        assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "0"), begun.text
        upload = served + begun.headers["Location"]
        part = courier | {"Content-Type": PART, "Upload-Complete": "?1"}

        at = 0
        for cut in QUARTERS:
            await send_cut("PATCH", upload, part | {"Upload-Offset": str(at)}, SCAN[at:], after=cut - at)
            await until_arrived(http, upload, courier, cut)
            at = cut
            assert await queries.of_home_visit(visit.id) == []
        last = await http.patch(upload, content=SCAN[at:], headers=part | {"Upload-Offset": str(at)})

    assert (last.status_code, last.json()["state"]) == (201, "quarantined"), last.text
    assert last.json()["sha256"] == hashlib.sha256(SCAN).hexdigest()
    [kept] = await queries.of_home_visit(visit.id)
    assert await store.read(kept.sha256) == SCAN
    await documents.inspect(document_id=kept.id, scanner=None, now=current_time())
    assert (await queries.by_id(kept.id)).state == "clean"


async def test_a_scan_sent_in_one_piece_and_cut_leaves_nothing_and_is_sent_again(
    served: str, served_folder: Path, promise: Promise, courier: dict[str, str]
) -> None:
    store.open_store(f"file://{served_folder / 'documents'}")
    visit = await promise()
    url = f"{served}/v1/partner/documents?task_id={visit.id}&component=2"
    headers = courier | {"Content-Type": "image/png", "Idempotency-Key": str(uuid.uuid4())}

    for cut in QUARTERS:
        await send_cut("POST", url, headers, SCAN, after=cut)
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(url, content=SCAN, headers=headers)

    assert answer.status_code == 201, answer.text
    [kept] = await queries.of_home_visit(visit.id)
    assert str(kept.id) == answer.json()["id"]
    assert await store.read(kept.sha256) == SCAN
