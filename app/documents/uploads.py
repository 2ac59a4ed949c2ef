"""Uploads in parts: a scan that a bad connection cut goes on where it stopped.

Each part is kept by its content, and its row says where in the file it stands. What was written is never
written again: a part sent twice is one part, and one that does not begin where the last ended is refused.
"""

import hashlib
import uuid
from datetime import datetime
from typing import Final, NamedTuple

from app.core.database import fetch, fetch_row, in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.documents import contents, quota, rules, store
from app.documents.errors import UploadNotFound, UploadOffsetMismatch, UploadTooLarge

# An upload has hundreds of parts.
FORGOTTEN_AT_ONCE: Final = 200


class Upload(NamedTuple):
    """A file that is arriving, of a partner's visit or of a citizen; `document_id` once it is whole."""

    id: uuid.UUID
    partner_id: uuid.UUID | None
    home_visit_id: uuid.UUID | None
    citizen_id: uuid.UUID | None
    component: int | None
    content_type: str
    sha256: bytes | None
    length: int | None
    document_id: uuid.UUID | None


COLUMNS: Final = ", ".join(Upload._fields)


@operation
async def begin(
    *,
    content_type: str,
    sha256: bytes | None,
    length: int | None,
    now: datetime,
    partner_id: uuid.UUID | None = None,
    home_visit_id: uuid.UUID | None = None,
    citizen_id: uuid.UUID | None = None,
    component: int | None = None,
) -> Upload:
    """Room for a file; `sha256` and `length` are of the whole, when the sender declared them.

    Raises `UploadTooLarge`, and `TooManyDocuments` where the person or the visit has no room left.
    """
    if length is not None and length > rules.MAX_BYTES:
        raise UploadTooLarge
    if citizen_id is not None:
        await quota.require_room_in_store(citizen_id, arriving=True)
    if home_visit_id is not None:
        await quota.require_room_at_visit(home_visit_id)
    row = await in_transaction().fetchrow(
        "INSERT INTO scan_upload (id, partner_id, home_visit_id, citizen_id, component, content_type,"
        f" sha256, length, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9) RETURNING {COLUMNS}",
        new_id(),
        partner_id,
        home_visit_id,
        citizen_id,
        component,
        content_type,
        sha256,
        length,
        now,
    )
    return Upload(*row)


async def of_partner(upload_id: uuid.UUID, partner_id: uuid.UUID) -> Upload:
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM scan_upload WHERE id = $1 AND partner_id = $2", upload_id, partner_id
    )
    if row is None:
        raise UploadNotFound
    return Upload(*row)


async def of_citizen(upload_id: uuid.UUID, citizen_id: uuid.UUID) -> Upload:
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM scan_upload WHERE id = $1 AND citizen_id = $2", upload_id, citizen_id
    )
    if row is None:
        raise UploadNotFound
    return Upload(*row)


async def offset_of(upload_id: uuid.UUID) -> int:
    """How many bytes have arrived."""
    row = await fetch_row(
        "SELECT coalesce(sum(size), 0)::int AS arrived FROM scan_part WHERE upload_id = $1", upload_id
    )
    assert row is not None
    return int(row["arrived"])


async def append(upload: Upload, content: bytes, *, begins_at: int) -> int:
    """Keep a part; where the next one begins. The content is kept before the row that names it."""
    if begins_at + len(content) > (rules.MAX_BYTES if upload.length is None else upload.length):
        raise UploadTooLarge
    digest = hashlib.sha256(content).digest()
    if content:
        await store.put(digest, content)
    return await _name(upload_id=upload.id, begins_at=begins_at, size=len(content), digest=digest)


@operation
async def _name(*, upload_id: uuid.UUID, begins_at: int, size: int, digest: bytes) -> int:
    connection = in_transaction()
    if await connection.fetchval("SELECT 1 FROM scan_upload WHERE id = $1 FOR UPDATE", upload_id) is None:
        raise UploadNotFound  # given up meanwhile
    known = await connection.fetchval(
        "SELECT 1 FROM scan_part WHERE upload_id = $1 AND begins_at = $2 AND size = $3 AND sha256 = $4",
        upload_id,
        begins_at,
        size,
        digest,
    )
    arrived = await offset_of(upload_id)
    if known or (size == 0 and begins_at == arrived):
        return arrived
    if begins_at != arrived:
        raise UploadOffsetMismatch(offset=arrived)
    await contents.claim(digest)
    await connection.execute(
        "INSERT INTO scan_part (upload_id, begins_at, size, sha256) VALUES ($1,$2,$3,$4)",
        upload_id,
        begins_at,
        size,
        digest,
    )
    return arrived + size


async def content_of(upload: Upload) -> bytes:
    """All parts, in their places; raises `UploadOffsetMismatch` when fewer arrived than were declared."""
    parts = await fetch("SELECT sha256 FROM scan_part WHERE upload_id = $1 ORDER BY begins_at", upload.id)
    content = b"".join([await store.read(part["sha256"]) for part in parts])
    if upload.length is not None and len(content) != upload.length:
        raise UploadOffsetMismatch(offset=len(content))
    return content


@operation
async def close(*, upload_id: uuid.UUID, document_id: uuid.UUID) -> None:
    """It is whole, and is this document. Twice is once."""
    await in_transaction().execute(
        "UPDATE scan_upload SET document_id = $2, version = version + 1"
        " WHERE id = $1 AND document_id IS NULL",
        upload_id,
        document_id,
    )


@operation
async def forget(*, upload_id: uuid.UUID, now: datetime) -> None:
    """The sender gave it up."""
    await _remove("id = $1", upload_id, at=now)


@operation
async def forget_older_than(*, moment: datetime, now: datetime) -> int:
    """Nobody goes on with an upload after days; what became a document is one whatever happens here.

    A batch of the oldest; how many went.
    """
    return await _remove(
        "id IN (SELECT id FROM scan_upload WHERE created_at < $1 ORDER BY created_at"
        f" LIMIT {FORGOTTEN_AT_ONCE})",
        moment,
        at=now,
    )


async def _remove(which: str, value: uuid.UUID | datetime, *, at: datetime) -> int:
    connection = in_transaction()
    uploads = await connection.fetch(
        f"SELECT id FROM scan_upload WHERE {which} ORDER BY id FOR UPDATE", value
    )
    parts = await connection.fetch(
        "DELETE FROM scan_part WHERE upload_id = ANY($1::uuid[]) RETURNING sha256",
        [row["id"] for row in uploads],
    )
    await connection.execute(
        "DELETE FROM scan_upload WHERE id = ANY($1::uuid[])", [row["id"] for row in uploads]
    )
    await contents.forget([row["sha256"] for row in parts], at=at)
    return len(uploads)
