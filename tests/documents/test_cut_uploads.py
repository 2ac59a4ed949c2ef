"""A citizen's upload over a real line that breaks: at every quarter it goes on to the same bytes."""

import base64
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from app.core.clock import current_time
from app.documents import operations, queries, store
from app.http.principals import Caller
from tests.conftest import SignedIn
from tests.documents import corpus
from tests.documents.cutting import send_cut, until_arrived

# Larger than any buffer on the way, and a picture that inspection takes.
PICTURE = corpus.png(1800, 1800)
QUARTERS = [len(PICTURE) * n // 4 for n in range(1, 4)]


@pytest.fixture
async def lan(sign_in: Callable[..., Awaitable[SignedIn]]) -> SignedIn:
    return await sign_in(Caller.CITIZEN)


async def test_an_upload_cut_at_every_quarter_resumes_to_the_same_bytes(
    served: str, served_folder: Path, lan: SignedIn
) -> None:
    store.open_store(f"file://{served_folder / 'documents'}")
    digest = base64.b64encode(hashlib.sha256(PICTURE).digest()).decode()
    async with httpx.AsyncClient(base_url=served, trust_env=False) as http:
        begun = await http.post(
            "/v1/documents",
            headers=lan.headers
            | {
                "Content-Type": "image/png",
                "Upload-Complete": "?0",
                "Upload-Length": str(len(PICTURE)),
                "Repr-Digest": f"sha-256=:{digest}:",
                "Idempotency-Key": str(uuid.uuid4()),
            },
        )
        assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "0"), begun.text
        upload = served + begun.headers["Location"]
        part = lan.headers | {"Content-Type": "application/partial-upload", "Upload-Complete": "?1"}

        at = 0
        for cut in QUARTERS:
            await send_cut("PATCH", upload, part | {"Upload-Offset": str(at)}, PICTURE[at:], after=cut - at)
            await until_arrived(http, upload, lan.headers, cut)
            at = cut
            assert (await http.get("/v1/documents", headers=lan.headers)).json()["items"] == []
        for _ in range(2):
            last = await http.patch(upload, content=PICTURE[at:], headers=part | {"Upload-Offset": str(at)})

        assert (last.status_code, last.json()["state"]) == (201, "quarantined"), last.text
        [listed] = (await http.get("/v1/documents", headers=lan.headers)).json()["items"]
        assert listed["id"] == last.json()["id"]
        row = await queries.by_id(uuid.UUID(listed["id"]))
        assert await store.read(row.sha256) == PICTURE
        await operations.inspect(document_id=row.id, scanner=None, now=current_time())
        content = await http.get(f"/v1/documents/{row.id}/content", headers=lan.headers)

    assert content.status_code == 200
    assert hashlib.sha256(content.content).digest() == (await queries.by_id(row.id)).clean_sha256
