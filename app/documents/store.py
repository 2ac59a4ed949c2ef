"""The object store: a folder or any S3-compatible bucket, by one URL.

Contents are addressed by their SHA-256, so writing twice is writing once and a name tells nothing.
"""

from collections.abc import AsyncIterator
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
    try:
        async for found in obstore.list(_store(), PREFIX):
            for entry in found:
                yield bytes.fromhex(entry["path"].rsplit("/", 1)[-1])
    except (OSError, obstore.exceptions.BaseError) as reason:
        raise StoreUnavailable from reason


PREFIX: Final = "sha256"
FANOUT: Final = 2


def _name(digest: bytes) -> str:
    text = digest.hex()
    return f"{PREFIX}/{text[:FANOUT]}/{text}"
