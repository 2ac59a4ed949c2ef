"""How often a partner may call: one bucket for all processes, and one's own while Redis is away."""

import uuid

from app.core.wakeups import Wakeups
from app.http.limits import Buckets


async def test_two_processes_share_a_bucket(opened: object) -> None:
    name = uuid.uuid4().hex
    here, there = Buckets(4), Buckets(4)

    fits = [(await buckets.take(name)).fits for buckets in (here, there, here, there, here, there)]

    assert fits == [True, True, True, True, False, False]


async def test_without_redis_a_process_keeps_a_bucket_of_its_own() -> None:
    alone = Wakeups()
    await alone.open("redis://127.0.0.1:9/0")
    try:
        buckets, name = Buckets(3, redis=alone), uuid.uuid4().hex
        found = [await buckets.take(name) for _ in range(4)]
        other = await buckets.take(uuid.uuid4().hex)
    finally:
        await alone.close()

    assert [taken.fits for taken in found] == [True, True, True, False]
    assert 1 <= buckets.wait_s(found[-1]) <= 20
    assert other.fits
