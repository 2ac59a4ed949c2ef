"""Which contents are named, and how one that nobody names leaves the object store (hủy dữ liệu).

A content is put before the row that names it, so rows and store are never looked at in one moment. A
content leaves in steps, and whoever names it anew in between wins or is asked to come again:

1. it is *forgotten*: a row says since when nothing names it (`forget`, `note_unnamed`);
2. after `rules.FORGOTTEN_KEPT` it *leaves*, if it is still unnamed under the lock of that row
   (`begin_leaving`), and is taken out of the store; `claim` refuses its name;
3. `rules.LEFT_KEPT` later its name is free (`free_names`). An upload that put the same file while it was
   taken out has long been answered by then.

A run that is cut off between 2 and 3 leaves a content without a name, which the next night finds again.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from app.core.database import in_transaction
from app.core.errors import Unavailable, Words
from app.core.operation import operation
from app.documents import rules

# Every column that names a content.
NAMES: Final = (
    ("document", "sha256"),
    ("document", "clean_sha256"),
    ("document", "signed_sha256"),
    ("document_signature", "sha256"),
    ("scan_part", "sha256"),
)


def _is_named(digest: str) -> str:
    return " OR ".join(
        f"EXISTS (SELECT FROM {table} WHERE {table}.{column} = {digest})" for table, column in NAMES
    )


FORGET: Final = (
    "INSERT INTO forgotten_content (sha256, since) SELECT digest, $2 FROM unnest($1::bytea[]) AS digest"
    f" WHERE NOT ({_is_named('digest')}) ON CONFLICT DO NOTHING"
)
NAMED_AGAIN: Final = (
    f"DELETE FROM forgotten_content WHERE since < $1 AND ({_is_named('forgotten_content.sha256')})"
)
LEAVE: Final = """
WITH leaving AS (
    DELETE FROM forgotten_content WHERE sha256 IN (
        SELECT sha256 FROM forgotten_content WHERE since < $1 ORDER BY since, sha256 LIMIT $2)
    RETURNING sha256)
INSERT INTO leaving_content (sha256, since) SELECT sha256, now() FROM leaving RETURNING sha256
"""


class ContentLeaving(Unavailable):
    """The same file is just being removed; when its name is free it can be put anew."""

    code = "content_leaving"
    detail = Words(
        "Tệp có cùng nội dung đang được xóa khỏi kho; hãy gửi lại sau ít phút.",
        "A file of the same content is being removed; send it again in a few minutes.",
    )


async def claim(digest: bytes) -> None:
    """A row of the open transaction names this content, which was put. Raises `ContentLeaving`."""
    connection = in_transaction()
    await connection.execute("DELETE FROM forgotten_content WHERE sha256 = $1", digest)
    if await connection.fetchval("SELECT 1 FROM leaving_content WHERE sha256 = $1", digest):
        raise ContentLeaving


async def forget(digests: Collection[bytes], *, at: datetime) -> None:
    """Rows that named these were removed by the open transaction; what another row names stays."""
    await in_transaction().execute(FORGET, sorted(set(digests)), at)


@operation
async def note_unnamed(digests: Collection[bytes], *, now: datetime) -> int:
    """Of contents found in the store, those nobody names: a crash left them there. How many are new."""
    tag = await in_transaction().execute(FORGET, sorted(set(digests)), now)
    return int(tag.rsplit(" ", 1)[1])


@operation
async def begin_leaving(*, at_most: int, now: datetime) -> Sequence[bytes]:
    """Contents that are to be taken out of the store now."""
    connection = in_transaction()
    before = now - rules.FORGOTTEN_KEPT
    await connection.execute(
        "SELECT FROM forgotten_content WHERE since < $1 ORDER BY sha256 FOR UPDATE", before
    )
    # Whoever named one before this lock is seen by what follows, whoever comes after waits for it.
    await connection.execute(NAMED_AGAIN, before)
    return [row["sha256"] for row in await connection.fetch(LEAVE, before, at_most)]


@operation
async def free_names() -> None:
    """What left long enough ago may be named again. In the machine's time: requests last no longer in a
    sandbox whose days are moved.
    """
    await in_transaction().execute(
        "DELETE FROM leaving_content WHERE since < now() - $1::interval", rules.LEFT_KEPT
    )
