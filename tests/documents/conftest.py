"""A store, an officer of Tam Điệp's centre, and a virus scanner that speaks ClamAV's protocol."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from app.documents import operations, store
from app.documents.queries import DocumentRow

CENTRE: Final = uuid.UUID(int=77)
# The test file every scanner knows (EICAR), in halves, so that none finds it here.
EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
Upload = Callable[..., Awaitable[DocumentRow]]


@pytest.fixture(autouse=True)
def documents_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    store.open_store(f"file://{folder}")
    return folder


@pytest.fixture
def upload(database: object, now: object) -> Upload:
    """`await upload(content, "image/png")`: kept and quarantined at the centre."""

    async def run(content: bytes, content_type: str = "application/pdf", **facts: object) -> DocumentRow:
        digest = await operations.keep(content, expected_sha256=None)
        usual = {"kind": "component", "centre_id": CENTRE, "now": now}
        return await operations.upload(
            sha256=digest,
            size_bytes=len(content),
            content_type=content_type,
            **(usual | facts),  # type: ignore[arg-type]
        )

    return run


class Clamd:
    """Answers `zINSTREAM`: FOUND for EICAR, what it is told for everything else."""

    def __init__(self) -> None:
        self.answer = b"stream: OK\0"
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(await reader.readexactly(4)):
            content += await reader.readexactly(size)
        self.asked += 1
        writer.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def clamd(tmp_path: Path) -> AsyncIterator[tuple[Clamd, str]]:
    scanner, path = Clamd(), tmp_path / "clamd.ctl"
    server = await asyncio.start_unix_server(scanner.serve, path)
    async with server:
        yield scanner, f"unix://{path}"
