"""How a line stands to what is kept, and keeping it: one transaction a paper."""

import hashlib
import uuid
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import asyncpg
import msgspec

from app.core import journal
from app.core.actor import current_actor
from app.core.crypto import blind_index
from app.core.database import fetch_row, in_transaction
from app.core.ids import new_id
from app.core.keys import keys
from app.core.operation import operation
from app.core.text import fold
from app.documents import contents
from app.documents.backfile.reasons import NotTaken, Reason
from app.documents.backfile.rows import Row, refuse_by_day

# Two imports at once keep their papers one after the other.
LOCK: Final = 0x6D6F7462  # "motb"


class Item(NamedTuple):
    """A line with its content: what it is, whose, and what would be served of it."""

    row: Row
    is_result: bool
    name: str
    sha256: bytes
    size_bytes: int
    content_type: str
    centre_id: uuid.UUID | None

    @property
    def owner_index(self) -> bytes:
        return blind_index(keys().index, "citizen_number", self.row.owner_number)

    @property
    def row_index(self) -> bytes:
        """Equal when a list says the same of the paper again, whatever line and file name it has."""
        row = self.row
        said = [
            *(self.owner_index.hex(), fold(row.owner_name), row.name, row.number, row.issuer, row.scope),
            *(row.issued_on, row.valid_until, row.is_permanent),
        ]
        return blind_index(keys().index, "backfile_row", msgspec.json.encode(said).decode())


class Served(NamedTuple):
    """What inspection made of a content."""

    sha256: bytes
    size_bytes: int
    content_type: str


class Kept(NamedTuple):
    """What of a paper that is kept is compared."""

    dossier_number: str
    code: str
    sha256: bytes
    owner_index: bytes
    owner_name: str
    row_index: bytes

    @classmethod
    def of(cls, item: Item) -> "Kept":
        row = item.row
        return cls(
            row.dossier_number, row.code, item.sha256, item.owner_index, row.owner_name, item.row_index
        )


class Beside(NamedTuple):
    """What is kept under the same dossier and code, of the same content, and of the same owner."""

    same_place: Kept | None
    same_content: Kept | None
    same_owner: Kept | None


FIELDS: Final = ", ".join(Kept._fields)
SAME_PLACE: Final = f"SELECT {FIELDS} FROM backfile_paper WHERE dossier_number = $1 AND code = $2"
SAME_CONTENT: Final = f"SELECT {FIELDS} FROM backfile_paper WHERE sha256 = $1"
SAME_OWNER: Final = (
    f"SELECT {FIELDS} FROM backfile_paper WHERE owner_index = $1 ORDER BY imported_at, document_id LIMIT 1"
)


async def beside(item: Item) -> Beside:
    """What is kept beside an item, inside the open transaction or outside any."""
    return Beside(
        _kept(await fetch_row(SAME_PLACE, item.row.dossier_number, item.row.code)),
        _kept(await fetch_row(SAME_CONTENT, item.sha256)),
        _kept(await fetch_row(SAME_OWNER, item.owner_index)),
    )


def _kept(row: asyncpg.Record | None) -> Kept | None:
    return None if row is None else Kept(*row)


def is_there(item: Item, known: Beside, *, today: date) -> bool:
    """Whether the paper is kept already (pure); raises `NotTaken` when it cannot be.

    What was imported is neither replaced nor repeated: a list that says otherwise is told so.
    """
    place, content, owner = known
    if place is not None:
        if place.sha256 != item.sha256:
            raise NotTaken("file", Reason.OTHER_CONTENT)
        if place.row_index != item.row_index:
            raise NotTaken("", Reason.KEPT_OTHERWISE)
        return True
    if content is not None:
        told = {"dossier": content.dossier_number, "code": content.code}
        same = (content.owner_index, content.code) == (item.owner_index, item.row.code)
        raise NotTaken("file", Reason.DUPLICATE if same else Reason.CONTENT_OF_ANOTHER, **told)
    # A personal number has no check digit: the name beside it is what tells a slip of the pen.
    if owner is not None and fold(owner.owner_name) != fold(item.row.owner_name):
        raise NotTaken("owner_number", Reason.OWNER_NAME_DIFFERS)
    refuse_by_day(item.row, today=today)
    return False


@operation
async def keep(*, item: Item, served: Served, today: date, now: datetime) -> bool:
    """Name the contents that are in the store: the document, its coding, and whose it is.

    False when another import did so meanwhile. Raises `NotTaken` as `is_there` does, `ContentLeaving`.
    """
    await in_transaction().execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    if is_there(item, await beside(item), today=today):
        return False
    await contents.claim(item.sha256)
    await contents.claim(served.sha256)
    document_id = new_id()
    await _insert("document", _document(item, served, document_id, now))
    await _insert("document_coding", _coding(item, document_id, now))
    await _insert(
        "backfile_paper", {"document_id": document_id, "imported_at": now} | Kept.of(item)._asdict()
    )
    await journal.write(
        "document.imported",
        object_kind="document",
        object_id=document_id,
        at=now,
        detail={"dossier": item.row.dossier_number, "code": item.row.code},
    )
    return True


def _document(item: Item, served: Served, document_id: uuid.UUID, now: datetime) -> dict[str, Any]:
    actor = current_actor.get()
    return {
        "id": document_id,
        "centre_id": item.centre_id,
        "kind": "result" if item.is_result else "component",
        "dossier_number": item.row.dossier_number,
        "sha256": item.sha256,
        "size_bytes": item.size_bytes,
        "content_type": item.content_type,
        "state": "clean",
        "clean_sha256": served.sha256,
        "clean_size_bytes": served.size_bytes,
        "clean_content_type": served.content_type,
        "uploaded_by_kind": actor.kind,
        "uploaded_by_id": actor.id,
        "created_at": now,
    }


def _coding(item: Item, document_id: uuid.UUID, now: datetime) -> dict[str, Any]:
    row = item.row
    return {
        "document_id": document_id,
        "name": row.name or item.name,
        "code": row.code,
        "number": row.number,
        "issuer": row.issuer,
        "scope": row.scope,
        "issued_on": row.issued_on,
        "valid_until": row.valid_until,
        "is_permanent": row.is_permanent,
        "coded_at": now,
    }


async def _insert(table: str, values: dict[str, Any]) -> None:
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    await in_transaction().execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", *values.values()
    )


@operation
async def note_run(*, taken: int, refused: int, now: datetime) -> None:
    """One line of the journal for a run that kept something."""
    await journal.write(
        "backfile.imported",
        object_kind="backfile",
        object_id=new_id(),
        at=now,
        detail={"taken": taken, "refused": refused},
    )


def digest_of(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
