"""Idempotency-Keys of requests that share a transaction: each its own answer, and no key twice."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from app.core.database import fetch
from app.core.operation import companion
from app.core.together import Together
from app.http.once import IdempotencyKeyReused, RequestInProgress, _Record, _Replayed
from tests.conftest import Stores


def record(key: str, *, actor: str = "officer:1", request: bytes = b"1") -> _Record:
    return _Record(
        actor=actor,
        operation="POST try",
        key=key,
        fingerprint=request,
        kept=timedelta(hours=1),
        encode=lambda result: (201, b'"%s"' % result.encode(), {"ETag": '"1"'}),
    )


class Desk:
    """Work that is done for several at once; it remembers for whom."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.companies: list[int] = []
        self.together: Together[str, str] = Together(self.work, apart=lambda each: each)

    async def work(self, asked: Sequence[str]) -> Sequence[str | None]:
        self.companies.append(len(asked))
        self.done += asked
        return [f"made for {each}" for each in asked]

    async def ask(self, name: str, kept: _Record | None) -> str | None:
        companion.set(kept)
        return await self.together(name)

    async def all_ask(self, asking: Sequence[tuple[str, _Record | None]]) -> list[Any]:
        """The first goes alone, the others go together."""
        return await asyncio.gather(
            *(asyncio.create_task(self.ask(*each)) for each in asking), return_exceptions=True
        )


async def test_each_of_a_company_is_remembered_under_its_own_key(database: Stores) -> None:
    desk = Desk()

    answers = await desk.all_ask([(name, record(name)) for name in "abcde"] + [("f", None)])

    rows = await fetch("SELECT key, body FROM idempotency_record ORDER BY key")
    assert answers == [f"made for {name}" for name in "abcdef"]
    assert [(row["key"], row["body"]) for row in rows] == [
        (name, b'"made for %s"' % name.encode()) for name in "abcde"
    ]
    assert max(desk.companies) > 1


async def test_a_replay_and_a_key_of_another_request_are_answered_apart_from_their_company(
    database: Stores,
) -> None:
    desk = Desk()
    await desk.all_ask([("a", record("a")), ("b", record("b"))])

    asking = [("x", record("x")), ("again", record("a")), ("other", record("b", request=b"2"))]
    answers = await desk.all_ask([("first", None), *asking])

    assert answers[1] == "made for x"
    assert isinstance(answers[2], _Replayed)
    assert (answers[2].status, answers[2].body) == (201, b'"made for a"')
    assert isinstance(answers[3], IdempotencyKeyReused)
    assert sorted(desk.done) == ["a", "b", "first", "x"]


async def test_one_key_twice_in_one_company_is_one_request_and_one_in_progress(database: Stores) -> None:
    desk = Desk()

    answers = await desk.all_ask(
        [("first", None), ("second", None), ("lan", record("k")), ("tu", record("k"))]
    )

    assert answers[2] == "made for lan"
    assert isinstance(answers[3], RequestInProgress)
    assert (desk.companies, desk.done) == ([3], ["first", "second", "lan"])


async def test_the_same_key_of_another_person_is_another_key(database: Stores) -> None:
    desk = Desk()

    answers = await desk.all_ask(
        [("lan", record("k", actor="citizen:1")), ("tu", record("k", actor="citizen:2"))]
    )

    assert answers == ["made for lan", "made for tu"]
