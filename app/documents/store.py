"""The object store: a folder or any S3-compatible bucket, by one URL.

Contents are addressed by their SHA-256, so writing twice is writing once and a name tells nothing.
"""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import urlsplit

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from app.core.errors import Unavailable, Words


class StoreUnavailable(Unavailable):
    code = "document_store_unavailable"
    detail = Words("Kho tài liệu tạm gián đoạn.", "The document store is unavailable for the moment.")


_opened: list[ObjectStore] = []


def open_store(url: str) -> None:
    """Give the process its store, at the entrance."""
    parts = urlsplit(url)
    store = LocalStore(parts.path, mkdir=True) if parts.scheme == "file" else from_url(url)
    _opened[:] = [store]


def _store() -> ObjectStore:
    if not _opened:
        raise RuntimeError("The document store was not opened at the entrance.")
    return _opened[0]


async def put(digest: bytes, content: bytes) -> None:
    """Keep a content; raises `StoreUnavailable` when it cannot be kept (also on a full disk)."""
    try:
        await obstore.put_async(_store(), _name(digest), content)
    except (OSError, obstore.exceptions.BaseError) as reason:
        raise StoreUnavailable from reason


async def read(digest: bytes) -> bytes:
    """A content that was kept."""
    try:
        found = await obstore.get_async(_store(), _name(digest))
        return bytes(await found.bytes_async())
    except (OSError, obstore.exceptions.BaseError) as reason:
        raise StoreUnavailable from reason


async def has(digest: bytes) -> bool:
    """Whether the content is there; raises `StoreUnavailable` when that cannot be told."""
    try:
        await obstore.head_async(_store(), _name(digest))
    except FileNotFoundError:
        return False
    except (OSError, obstore.exceptions.BaseError) as reason:
        raise StoreUnavailable from reason
    return True


async def digests() -> AsyncIterator[bytes]:
    """Every content that is kept, by its digest."""
    async for page in listing():
        for digest in page:
            yield digest


async def listing() -> AsyncIterator[Sequence[bytes]]:
    """The SHA-256 of everything that is kept, in pages; what bears no name of ours is not among it."""
    try:
        async for page in obstore.list(_store(), prefix=PREFIX, chunk_size=LISTED_AT_ONCE):
            names = [NAME.fullmatch(each["path"]) for each in page]
            yield [bytes.fromhex(name["digest"]) for name in names if name]
    except (OSError, obstore.exceptions.BaseError) as reason:
        raise StoreUnavailable from reason


async def remove(digests: Sequence[bytes]) -> None:
    """Take contents out; one that is out already is no error."""
    for digest in digests:
        try:
            await obstore.delete_async(_store(), _name(digest))
        except FileNotFoundError:
            continue
        except (OSError, obstore.exceptions.BaseError) as reason:
            raise StoreUnavailable from reason


PREFIX: Final = "sha256"
FANOUT: Final = 2
LISTED_AT_ONCE: Final = 1000
NAME: Final = re.compile(r"sha256/[0-9a-f]{2}/(?P<digest>[0-9a-f]{64})")


def _name(digest: bytes) -> str:
    text = digest.hex()
    return f"{PREFIX}/{text[:FANOUT]}/{text}"
