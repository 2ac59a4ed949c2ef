"""Lan with an account, signed in."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from app.core.database import DB
from app.http.principals import Caller

LAN = "+84912345678"


class Person(NamedTuple):
    """Somebody with an account and a token."""

    id: uuid.UUID
    phone: str
    headers: dict[str, str]


async def make_account(phone: str, *, at: datetime, citizen_id: uuid.UUID | None = None) -> uuid.UUID:
    assert DB.pool is not None
    citizen_id = citizen_id or uuid.uuid4()
    await DB.pool.execute(
        "INSERT INTO phone_account (id, phone, created_at) VALUES ($1, $2, $3)", citizen_id, phone, at
    )
    return citizen_id


@pytest.fixture
async def make_person(
    database: object, sign_in: Callable[..., Awaitable[Any]], now: datetime
) -> Callable[[str], Awaitable[Person]]:
    async def make(phone: str) -> Person:
        citizen_id = await make_account(phone, at=now)
        signed_in = await sign_in(Caller.CITIZEN, subject_id=citizen_id)
        return Person(citizen_id, phone, signed_in.headers)

    return make


@pytest.fixture
async def lan(make_person: Callable[[str], Awaitable[Person]]) -> Person:
    return await make_person(LAN)
