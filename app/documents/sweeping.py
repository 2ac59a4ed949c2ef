"""The object store and the rows are brought to agree, every night (`contents` says in which steps)."""

from datetime import datetime
from typing import Final, NamedTuple

from app.documents import contents, store

LEAVING_AT_ONCE: Final = 100


class Swept(NamedTuple):
    """How many contents the store held, how many of them a crash had left unnamed, how many left."""

    kept: int
    unnamed: int
    taken_out: int


async def sweep_store(*, now: datetime) -> Swept:
    """Look through the whole store; take out what nobody has named for `rules.FORGOTTEN_KEPT`.

    May be cut off anywhere and run twice. Raises `StoreUnavailable`; the next night goes on.
    """
    kept = unnamed = taken_out = 0
    async for page in store.listing():
        kept += len(page)
        unnamed += await contents.note_unnamed(page, now=now)
    await contents.free_names()
    while leaving := await contents.begin_leaving(at_most=LEAVING_AT_ONCE, now=now):
        await store.remove(leaving)
        taken_out += len(leaving)
    return Swept(kept, unnamed, taken_out)
