"""The chain proves itself: recomputed without our code, and broken by every change to it."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.custody import proof, queries
from app.custody.queries import ChainLink
from tests.custody.conftest import KIM_SON, TU, Sealed, hand_over, receive

Links = Sequence[ChainLink]


@pytest.fixture
async def links(sealed: Sealed, now: datetime) -> Links:
    """From the door to the post office to the centre."""
    package = await sealed()
    await hand_over(seal_number=package.seal_number, giver=TU, receiver=KIM_SON, now=now)
    await receive(seal_number=package.seal_number, now=now)
    return await queries.chain(package.id)


async def test_a_chain_nobody_touched_is_good(links: Links) -> None:
    assert len(links) == 3
    assert proof.first_bad_link(links) is None


async def test_anybody_can_recompute_it_with_a_hash_and_sorted_json(links: Links) -> None:
    head = bytes(32)
    for link in links:
        spelled = json.dumps(
            json.loads(link.body), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        head = hashlib.sha256(head + spelled.encode()).digest()
        assert link.hash == head


async def test_the_package_keeps_the_head_of_its_chain(sealed: Sealed, now: datetime) -> None:
    package = await sealed()
    await hand_over(seal_number=package.seal_number, giver=TU, receiver=KIM_SON, now=now)

    kept = await queries.by_seal(package.seal_number)

    assert (kept.last_n, kept.head) == (2, (await queries.chain(package.id))[-1].hash)


async def test_a_link_taken_out_or_swapped_is_found(links: Links) -> None:
    first, second, third = links

    assert proof.first_bad_link([second, third]) == 2
    assert proof.first_bad_link([first, third]) == 3
    assert proof.first_bad_link([first, third, second]) == 3


async def test_a_link_of_another_package_does_not_fit(links: Links, sealed: Sealed, now: datetime) -> None:
    other = await sealed()
    await hand_over(seal_number=other.seal_number, giver=TU, receiver=KIM_SON, now=now)
    strange = (await queries.chain(other.id))[1]

    assert proof.first_bad_link([links[0], strange, links[2]]) == 2


@pytest.mark.parametrize(
    "field", ["seal", "type", "giver", "receiver", "seal_state", "occurred_at", "recorded_at"]
)
async def test_a_word_changed_in_what_was_hashed_is_found(links: Links, field: str) -> None:
    body = json.loads(links[1].body) | {field: "something else"}
    changed = links[1]._replace(body=json.dumps(body))

    assert proof.first_bad_link([links[0], changed, links[2]]) == 2


LATER = timedelta(hours=1)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("hash", bytes(32), id="hash"),
        pytest.param("receiver_id", "thief", id="receiver_id"),
        pytest.param("n", 9, id="n"),
        pytest.param("receiver_kind", "citizen", id="receiver_kind"),
        pytest.param("giver_kind", "citizen", id="giver_kind"),
        pytest.param("giver_id", "thief", id="giver_id"),
        pytest.param("seal_state", "broken", id="seal_state"),
        pytest.param("type", "delivered", id="type"),
        pytest.param("occurred_at", LATER, id="occurred_at"),
        pytest.param("recorded_at", LATER, id="recorded_at"),
    ],
)
async def test_a_column_that_no_longer_says_what_was_hashed_is_found(
    links: Links, column: str, value: Any
) -> None:
    told = getattr(links[1], column)
    changed = links[1]._replace(**{column: told + value if value is LATER else value})

    assert proof.first_bad_link([links[0], changed, links[2]]) is not None
