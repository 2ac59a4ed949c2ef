"""What can be asked about packages."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from app.core.canonical import GENESIS, chain_hash
from app.core.clock import local
from app.core.database import fetch, fetch_row
from app.custody.errors import PackageNotFound


class PackageRow(NamedTuple):
    """A package and its custodian."""

    id: uuid.UUID
    seal_number: str
    centre_id: uuid.UUID
    citizen_id: uuid.UUID
    home_visit_id: uuid.UUID
    direction: str
    state: str
    custodian_kind: str
    custodian_id: str
    contents: str
    last_n: int
    head: bytes
    sealed_at: datetime
    version: int


class ChainLink(NamedTuple):
    """One change of hands."""

    n: int
    type: str
    giver_kind: str
    giver_id: str
    receiver_kind: str
    receiver_id: str
    seal_state: str
    occurred_at: datetime
    recorded_at: datetime
    body: str
    hash: bytes


COLUMNS: Final = ", ".join(PackageRow._fields)


async def by_seal(seal_number: str) -> PackageRow:
    row = await fetch_row(f"SELECT {COLUMNS} FROM package WHERE seal_number = $1", seal_number)
    if row is None:
        raise PackageNotFound
    return PackageRow(*row)


async def of_visit(home_visit_id: uuid.UUID) -> PackageRow | None:
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM package WHERE home_visit_id = $1 ORDER BY id DESC LIMIT 1",
        home_visit_id,
    )
    return None if row is None else PackageRow(*row)


async def chain(package_id: uuid.UUID) -> Sequence[ChainLink]:
    """Every change of hands, in order."""
    rows = await fetch(
        f"SELECT {', '.join(ChainLink._fields)} FROM custody_event WHERE package_id = $1 ORDER BY n",
        package_id,
    )
    return [ChainLink(*row) for row in rows]


def first_bad_link(links: Sequence[ChainLink]) -> int | None:
    """The number of the first link that does not follow from the one before, or None.

    A link is good when its hash follows, and when every column says what was hashed: a row changed
    beside its body would otherwise be believed.
    """
    head = GENESIS
    for expected, link in enumerate(links, start=1):
        body: Mapping[str, Any] = msgspec.json.decode(link.body)
        head = chain_hash(head, body)
        if link.hash != head or link.n != expected or not _says_what_was_hashed(link, body):
            return link.n
    return None


def _says_what_was_hashed(link: ChainLink, body: Mapping[str, Any]) -> bool:
    told = {
        "n": link.n,
        "type": link.type,
        "giver_kind": link.giver_kind,
        "giver": link.giver_id,
        "receiver_kind": link.receiver_kind,
        "receiver": link.receiver_id,
        "seal_state": link.seal_state,
        "occurred_at": local(link.occurred_at).isoformat(),
        "recorded_at": local(link.recorded_at).isoformat(),
    }
    return all(body.get(name) == value for name, value in told.items())
