"""A company with a representative and an accountant, and an officer who reads its papers."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.http.principals import Caller
from tests.citizens.conftest import Person, make_account

COMPANY = "0100109106"
OTHER_COMPANY = "0101243150"
WRONG_DIGIT = "0100109107"
DIRECTOR = "+84912000001"
ACCOUNTANT = "+84912000002"
STRANGER = "+84912000003"

Register = Callable[..., Awaitable[httpx.Response]]
Grant = Callable[..., Awaitable[dict[str, Any]]]


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


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
async def director(make_person: Callable[[str], Awaitable[Person]]) -> Person:
    return await make_person(DIRECTOR)


@pytest.fixture
async def accountant(make_person: Callable[[str], Awaitable[Person]]) -> Person:
    return await make_person(ACCOUNTANT)


@pytest.fixture
async def stranger(make_person: Callable[[str], Awaitable[Person]]) -> Person:
    return await make_person(STRANGER)


@pytest.fixture
async def officer(sign_in: Callable[..., Awaitable[Any]]) -> dict[str, str]:
    signed_in = await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())
    headers: dict[str, str] = signed_in.headers
    return headers


@pytest.fixture
def register(client: httpx.AsyncClient, officer: dict[str, str]) -> Register:
    """`await register()`: the officer notes the director as the company's representative."""

    async def post(**changes: Any) -> httpx.Response:
        body = {
            "tax_code": COMPANY,
            "name": "Công ty TNHH Cúc Phương",
            "phone": DIRECTOR,
            "role": "representative",
            "reference": "GCN 0100109106 ngày 01/7/2025",
        }
        return await client.post("/v1/staff/delegations", json=body | changes, headers=officer | key())

    return post


@pytest.fixture
def grant(client: httpx.AsyncClient, register: Register, director: Person) -> Grant:
    """`await grant()`: the director lets the accountant act for the company."""

    async def post(**changes: Any) -> dict[str, Any]:
        await register()
        answer = await client.post(
            f"/v1/me/businesses/{COMPANY}/delegations",
            json={"phone": ACCOUNTANT} | changes,
            headers=director.headers | key(),
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return post
