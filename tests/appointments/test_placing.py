"""Placing by exchange: as many as possible, the first in the order first, and never a place too many."""

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.appointments.changes import LedgerSlot, keeping
from app.appointments.places import PLACES_LEFT, Channel, Judge, Room, kept, left
from app.appointments.placing import Board, Seating, Slot, Visit, make_room, place_all
from app.core.database import DB
from tests.conftest import Stores

EIGHT = datetime(2027, 1, 4, 1, tzinfo=UTC)
GRAIN = timedelta(minutes=10)
CASES = 2_000


def room(places: int, **facts: int) -> Room:
    return Room(places, places, places, 0, 0)._replace(**facts)


def slot(pool_id: uuid.UUID, places: Room, *, at: int = 0) -> Slot:
    start = EIGHT + at * GRAIN
    return Slot(uuid.uuid4(), pool_id, start, start + GRAIN, places)


def visit(*pool_ids: uuid.UUID, grains: int = 1, channel: Channel = Channel.ONLINE) -> Visit:
    return Visit(uuid.uuid4(), channel, EIGHT, EIGHT + grains * GRAIN, pool_ids)


def arrive(board: Board, newcomer: Visit) -> Seating | None:
    """As booking does: a place where there is one, else an exchange, else nothing."""
    seating = make_room(board, newcomer)
    if seating is not None:
        board.seat(newcomer, seating)
    return seating


def most_that_fit(slots: Sequence[Slot], visits: Sequence[Visit], judge: Judge) -> int:
    """Every way of giving each visit a pool or none, each state of the rooms looked at once."""
    at = {each.pool_id: index for index, each in enumerate(slots)}

    @cache
    def best(index: int, rooms: tuple[Room, ...]) -> int:
        if index == len(visits):
            return 0
        this = visits[index]
        found = best(index + 1, rooms)
        for pool_id in this.pool_ids:
            where = at[pool_id]
            if judge(rooms[where], this.channel) > 0:
                after = rooms[where].changed(this.channel, 1)
                found = max(found, 1 + best(index + 1, (*rooms[:where], after, *rooms[where + 1 :])))
        return found

    return best(0, tuple(each.room for each in slots))


def dealt(dice: random.Random) -> tuple[list[Slot], list[Visit]]:
    """Three or four pools of one or two places that serve some of six procedures; visits for one or two."""
    pools = [
        (uuid.uuid4(), frozenset(dice.sample(range(6), dice.randint(2, 4))))
        for _ in range(dice.randint(3, 4))
    ]
    slots = [slot(pool_id, room(dice.randint(1, 2))) for pool_id, _ in pools]
    asked = [frozenset(dice.sample(range(6), dice.choice((1, 1, 1, 2)))) for _ in range(dice.randint(4, 9))]
    # The least flexible first, as the catalogue answers.
    pools.sort(key=lambda pool: len(pool[1]))
    return slots, [visit(*(pool_id for pool_id, served in pools if wanted <= served)) for wanted in asked]


def test_over_two_thousand_cases_as_many_are_placed_as_any_search_finds() -> None:
    dice = random.Random(2026)
    placed = most = greedy = gained = 0
    for _ in range(CASES):
        slots, visits = dealt(dice)
        best = most_that_fit(slots, visits, left)
        board, plain = Board(slots), Board(slots)

        here = sum(arrive(board, each) is not None for each in visits)
        alone = sum(_without_exchange(plain, each) for each in visits)
        assert here == best == len(visits) - len(place_all(slots, visits).left_out)

        placed, most = placed + here, most + best
        greedy, gained = greedy + alone, gained + (here > alone)
    assert placed == most
    assert greedy < placed
    assert (
        gained > CASES // 20
    )  # Exchanging is worth it: more are placed in one case of twenty, or more often.


def _without_exchange(board: Board, newcomer: Visit) -> bool:
    for pool_id in newcomer.pool_ids:
        seating = Seating(pool_id, ())
        if board.stretch(newcomer, pool_id) is not None and board.allows(newcomer, seating):
            board.seat(newcomer, seating)
            return True
    return False


@pytest.mark.parametrize("seed", range(4))
def test_with_shares_of_the_channels_too_as_many_keep_their_place_as_any_search_finds(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(100):
        slots, visits = dealt(dice)
        slots = [
            each._replace(
                room=each.room._replace(
                    online_cap=dice.randint(0, 2),
                    walkin_floor=dice.randint(0, each.room.capacity),
                    overbook_limit=dice.randint(0, 1),
                )
            )
            for each in slots
        ]
        visits = [each._replace(channel=dice.choice(list(Channel))) for each in visits]

        placement = place_all(slots, visits)

        assert len(placement.pool_of) == most_that_fit(slots, visits, kept)


@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_left_out_for_somebody_later_in_the_order(seed: int) -> None:
    dice = random.Random(100 + seed)
    for _ in range(50):
        slots, visits = dealt(dice)
        visits = visits[:7]
        ranks = range(len(visits))
        most = most_that_fit(slots, visits, kept)
        possible = [
            chosen
            for chosen in combinations(ranks, most)
            if most_that_fit(slots, [visits[rank] for rank in chosen], kept) == most
        ]

        placement = place_all(slots, visits)

        stays = tuple(rank for rank in ranks if visits[rank].id in placement.pool_of)
        # The best is best at every rank: the first to stay is no later, nor the second, nor the third.
        assert all(mine <= other for chosen in possible for mine, other in zip(stays, chosen, strict=True))


POOLS = [uuid.UUID(int=n) for n in range(1, 5)]
rooms = st.builds(
    lambda capacity, online, floor, over: Room(
        capacity, min(online, capacity), capacity, min(floor, capacity), over
    ),
    st.integers(1, 3),
    st.integers(0, 3),
    st.integers(0, 2),
    st.integers(0, 1),
)
asked = st.lists(
    st.builds(
        lambda pools, grains, start, channel: Visit(
            uuid.uuid4(),
            channel,
            EIGHT + start * GRAIN,
            EIGHT + (start + grains) * GRAIN,
            tuple(pools),
        ),
        st.lists(st.sampled_from(POOLS), min_size=1, unique=True),
        st.integers(1, 3),
        st.integers(0, 3),
        st.sampled_from(list(Channel)),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(each_room=st.lists(rooms, min_size=16, max_size=16), visits=asked)
def test_whoever_came_in_stays_and_no_slot_ever_carries_too_many(
    each_room: list[Room], visits: list[Visit]
) -> None:
    slots = [
        slot(pool_id, each_room[n * 4 + at], at=at) for n, pool_id in enumerate(POOLS) for at in range(4)
    ]
    board = Board(slots)
    stands: dict[uuid.UUID, Visit] = {}
    for newcomer in visits:
        seating = arrive(board, newcomer)
        if seating is None:
            continue
        for moved, pool_id in seating.moves:
            assert (moved.starts_at, moved.ends_at) == (newcomer.starts_at, newcomer.ends_at)
            assert stands[moved.id].pool_id == moved.pool_id
            stands[moved.id] = moved._replace(pool_id=pool_id)
        stands[newcomer.id] = newcomer._replace(pool_id=seating.pool_id)
        assert all(each.pool_id in each.pool_ids for each in stands.values())
        assert_nothing_is_oversold(slots, list(stands.values()))


def assert_nothing_is_oversold(slots: Sequence[Slot], stands: Sequence[Visit]) -> None:
    for each in slots:
        here = each.room
        for other in stands:
            if other.pool_id == each.pool_id and other.starts_at <= each.starts_at < other.ends_at:
                here = here.changed(other.channel, 1)
        assert here.taken_online <= here.online_cap
        assert here.taken_online + here.taken_partner <= here.capacity - here.walkin_floor
        assert here.taken_online + here.taken_partner + here.taken_walkin <= here.capacity
        assert kept(here, Channel.STAFF) >= 0


def test_who_can_go_elsewhere_makes_room_for_who_cannot() -> None:
    narrow, wide = uuid.uuid4(), uuid.uuid4()
    board = Board([slot(narrow, room(1)), slot(wide, room(1))])
    copies = visit(wide, narrow)
    assert arrive(board, copies) == Seating(wide, ())

    seating = arrive(board, visit(wide))

    assert seating is not None
    assert [(move.visit.id, move.pool_id) for move in seating.moves] == [(copies.id, narrow)]
    assert seating.pool_id == wide


def test_a_chain_of_three_moves_from_its_far_end() -> None:
    first, second, third = (uuid.uuid4() for _ in range(3))
    board = Board([slot(pool_id, room(1)) for pool_id in (first, second, third)])
    a, b = visit(first, second), visit(second, third)
    arrive(board, a)
    arrive(board, b)

    seating = arrive(board, visit(first))

    assert seating is not None
    assert [(move.visit.id, move.pool_id) for move in seating.moves] == [(b.id, third), (a.id, second)]


def test_nobody_moves_for_a_visit_of_another_length() -> None:
    narrow, wide = uuid.uuid4(), uuid.uuid4()
    board = Board([slot(pool_id, room(1), at=at) for pool_id in (narrow, wide) for at in range(2)])
    arrive(board, visit(wide, narrow))

    assert arrive(board, visit(wide, grains=2)) is None


def test_a_move_keeps_the_share_of_the_channel_in_the_other_pool() -> None:
    narrow, wide = uuid.uuid4(), uuid.uuid4()
    board = Board([slot(narrow, room(1, online_cap=0)), slot(wide, room(1))])
    arrive(board, visit(wide, narrow))

    assert arrive(board, visit(wide)) is None


def test_a_visit_keeps_its_pool_when_there_is_no_reason_to_leave() -> None:
    narrow, wide = uuid.uuid4(), uuid.uuid4()
    here = visit(narrow, wide)._replace(pool_id=wide)

    placement = place_all([slot(narrow, room(1)), slot(wide, room(1))], [here])

    assert placement.pool_of == {here.id: wide}


@given(taken=st.tuples(*[st.integers(0, 3)] * 4), counters=st.integers(1, 3), over=st.integers(0, 2))
def test_a_slot_that_is_cut_keeps_a_place_for_every_citizen_and_lets_only_officers_go_beyond(
    taken: tuple[int, int, int, int], counters: int, over: int
) -> None:
    nobody = uuid.UUID(int=0)
    cut = keeping(
        LedgerSlot(nobody, nobody, nobody, EIGHT, EIGHT + GRAIN, True, counters, 1, 1, 1, over, *taken)
    )

    assert cut.taken_online + cut.taken_partner + cut.taken_walkin <= cut.capacity
    assert all(kept(cut.room, channel) >= 0 for channel in Channel)


async def test_the_guard_says_the_same_here_as_in_postgresql(database: Stores) -> None:
    assert DB.pool is not None
    dice = random.Random(5)
    drawn = [Room(*(dice.randint(0, 4) for _ in Room._fields)) for _ in range(300)]
    texts = ", ".join(f"{text} AS {channel.value}" for channel, text in PLACES_LEFT.items())
    for each in drawn:
        values = ", ".join(f"{value} AS {name}" for name, value in each._asdict().items())
        row = await DB.pool.fetchrow(f"SELECT {texts} FROM (SELECT {values}) slot")
        assert row is not None
        assert {channel: row[channel.value] for channel in Channel} == {
            channel: left(each, channel) for channel in Channel
        }
