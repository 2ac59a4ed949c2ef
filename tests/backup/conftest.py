"""Another database beside the test's own, and the house of the faults for a backup under load."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app.documents import store
from tests.conftest import Stores, _with_database
from tests.custody.conftest import sealed
from tests.faults.conftest import house

__all__ = ["house", "sealed"]


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A document store of this test's own."""
    folder = tmp_path / "documents"
    store.open_store(f"file://{folder}")
    return folder


@pytest.fixture
async def elsewhere(database: Stores) -> AsyncIterator[str]:
    """An empty database on the same server."""
    name = f"motcua_test_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(database.database_url)
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        yield _with_database(database.database_url, name)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()
