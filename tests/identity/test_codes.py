"""Signing in by a code sent to a phone."""

import uuid
from datetime import datetime, timedelta

import httpx
import pytest

from app.core.database import DB
from app.identity import operations, queries
from app.identity.errors import CodeNotAccepted, RefreshNotAccepted

PHONE = "+84912345678"


async def ask(now: datetime, phone: str = PHONE) -> uuid.UUID:
    challenge = await operations.request_code(
        phone=phone, purpose="sign_in", locale="vi", address="192.0.2.1", per_address=100, now=now
    )
    return challenge.challenge_id


async def code_of(challenge_id: uuid.UUID) -> str:
    found = await queries.code_for_sending(challenge_id)
    assert found is not None
    return found.code


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_lan_signs_in_with_the_code_she_was_sent(client: httpx.AsyncClient, now: datetime) -> None:
    asked = await client.post("/v1/auth/otp", json={"phone": "0912 345 678", "purpose": "sign_in"})
    assert asked.status_code == 202, asked.text
    challenge = uuid.UUID(asked.json()["challenge_id"])

    answer = await client.post(f"/v1/auth/otp/{challenge}/verify", json={"code": await code_of(challenge)})

    assert answer.status_code == 200, answer.text
    assert set(answer.json()) >= {"access_token", "refresh_token", "expires_in"}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_answer_is_the_same_for_a_throttled_phone(client: httpx.AsyncClient) -> None:
    body = {"phone": "0912 345 678", "purpose": "sign_in"}
    first = await client.post("/v1/auth/otp", json=body)
    second = await client.post("/v1/auth/otp", json=body)

    assert first.status_code == second.status_code == 202
    assert set(first.json()) == set(second.json())
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM outbox WHERE kind = 'otp.requested'") == 1


async def test_five_wrong_codes_spend_a_challenge(database: object, now: datetime) -> None:
    challenge = await ask(now)
    code = await code_of(challenge)
    for _ in range(5):
        with pytest.raises(CodeNotAccepted):
            await operations.verify_code(challenge_id=challenge, code=other_than(code), now=now)

    with pytest.raises(CodeNotAccepted):
        await operations.verify_code(challenge_id=challenge, code=code, now=now)


async def test_a_code_works_once(database: object, now: datetime) -> None:
    challenge = await ask(now)
    code = await code_of(challenge)
    await operations.verify_code(challenge_id=challenge, code=code, now=now)

    with pytest.raises(CodeNotAccepted):
        await operations.verify_code(challenge_id=challenge, code=code, now=now)


async def test_only_the_newest_code_of_a_phone_works(database: object, now: datetime) -> None:
    older = await ask(now - timedelta(minutes=2))
    code = await code_of(older)
    await ask(now)

    with pytest.raises(CodeNotAccepted):
        await operations.verify_code(challenge_id=older, code=code, now=now)


async def test_the_code_is_not_kept_once_used(database: object, now: datetime) -> None:
    challenge = await ask(now)
    await operations.verify_code(challenge_id=challenge, code=await code_of(challenge), now=now)

    assert await queries.code_for_sending(challenge) is None


async def test_a_used_refresh_token_that_comes_back_ends_the_family(
    database: object, now: datetime
) -> None:
    challenge = await ask(now)
    session = await operations.verify_code(challenge_id=challenge, code=await code_of(challenge), now=now)
    assert session.refresh_token is not None
    renewed = await operations.refresh(refresh_token=session.refresh_token, now=now)

    with pytest.raises(RefreshNotAccepted):
        await operations.refresh(refresh_token=session.refresh_token, now=now)

    assert renewed.refresh_token is not None
    with pytest.raises(RefreshNotAccepted):
        await operations.refresh(refresh_token=renewed.refresh_token, now=now)
    assert not await queries.live_among([session.principal.sign_in_id])


@pytest.mark.parametrize("phone", ["0229 387 1234", "1900 1234", "٠٩١٢٣٤٥٦٧٨", "+1 202 555 0100"])
async def test_only_vietnamese_mobiles_get_a_code(client: httpx.AsyncClient, phone: str) -> None:
    answer = await client.post("/v1/auth/otp", json={"phone": phone, "purpose": "sign_in"})

    assert answer.status_code == 422
    assert answer.json()["code"] in {"phone_not_accepted", "invalid_value"}
    assert phone not in answer.text
