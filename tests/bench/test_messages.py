"""The bench of the outbox on a small scale: what it counts is what was drained."""

from app.core.database import fetch_value
from bench import WITH_REDIS, WITHOUT_STORES
from bench.messages import TENTHS, Heard, _backlog, _drained


async def test_every_fact_is_heard_once_and_every_tenth_has_its_time(database: object) -> None:
    heard = await _drained(200)

    assert heard.count == 200
    assert len(heard.marks) == TENTHS + 1
    assert heard.marks == sorted(heard.marks)
    assert await fetch_value("SELECT count(*) FROM outbox_work WHERE state = 'done'") == 200


async def test_what_is_left_or_heard_twice_is_told(database: object) -> None:
    figures = await _backlog(100)

    assert figures["not_done_or_twice"]["ok"]
    assert figures["backlog"]["value"] == 100


async def test_a_rate_is_of_its_tenth_alone() -> None:
    heard = Heard(100)
    heard.marks = [0.0, 1.0, 3.0]

    assert (heard.rate_of_tenth(1), heard.rate_of_tenth(2)) == (10.0, 5.0)
    assert not WITH_REDIS & WITHOUT_STORES
