"""What the portal has after everything that may go wrong on the way."""

import asyncio
import random
from datetime import timedelta

import pytest

from app.core.database import DB, fetch
from app.core.later import Later
from app.core.outbox import KINDS
from app.dossiers.queries import DossierRow
from app.payments import counter
from app.payments.rules import Purse
from app.settings import Settings
from jobs import ledger
from jobs.neighbours import FOR_PORTAL
from jobs.subscriptions import SILENT, make_subscriptions
from partners.breaker import FAILURES_BORNE, Breaker
from partners.portal import memory, reconciling, telling
from partners.portal.client import LOOK_UP, PROGRESS, SYNCHRONISE
from partners.portal.emulator.faults import Fault
from partners.portal.port import PortalUnavailable
from partners.portal.rules import Verdict
from tests.portal.conftest import Clock, Office, timeline
from tests.queue.conftest import Hall
from tests.satisfaction.conftest import accepted, completed, returned

MISHAPS = [fault for fault in Fault if fault is not Fault.NONE]
OUTAGE = timedelta(minutes=20)
LAG = """
SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM told_at - happened_at))::float
  FROM portal_step WHERE happened_at >= $1 AND happened_at < $2
"""


async def test_after_errors_timeouts_duplicates_and_an_outage_both_sides_are_equal(
    open_hall: Hall, office: Office, clock: Clock
) -> None:
    """500s, silence, lost answers, duplicates, twenty minutes away: equal states, nothing twice, order
    kept, and a lag within a minute as soon as the portal is well.
    """
    luck = random.Random(20261130)
    office.theirs.faults.extend(
        luck.choice(MISHAPS) if luck.random() < 0.25 else Fault.NONE for _ in range(400)
    )
    first_began = clock()
    first = [await accepted(open_hall, clock()) for _ in range(6)]
    await office.tell()
    clock.advance(timedelta(minutes=1))
    first = [await completed(dossier, clock()) for dossier in first]
    await office.tell_all()

    began = clock()
    office.theirs.break_down(OUTAGE)
    clock.advance(timedelta(minutes=1))
    first = [await returned(dossier, clock()) for dossier in first]
    during = [await accepted(open_hall, clock()) for _ in range(4)]
    await office.tell()
    clock.advance(timedelta(minutes=2))
    during = [await returned(await completed(dossier, clock()), clock()) for dossier in during]
    await office.tell_all()
    ended = began + OUTAGE

    assert clock() >= ended
    office.theirs.faults.clear()
    well = clock()
    after = [await completed(await accepted(open_hall, clock()), clock()) for _ in range(6)]
    await office.tell_all()

    for dossier in [*first, *during, *after]:
        assert office.theirs.book.kept[dossier.number].steps == await timeline(dossier.id)
    assert len(office.theirs.book.kept) == 16
    assert set(await office.states()) == {"done"}
    assert await memory.open_conflicts() == []
    assert DB.pool is not None
    # III.2 asks for a minute; what a quarter of mishaps makes of it is noted, with chance in it.
    assert await DB.pool.fetchval(LAG, well, well + timedelta(days=1)) <= 60
    seen = [await DB.pool.fetchval(LAG, *span) for span in ((first_began, began), (began, ended))]
    print(f"lag p95, s: {seen[0]:.0f} with mishaps, {seen[1]:.0f} of the outage")  # noqa: T201
    # The outage was seen by few: the breaker spared the portal the rest.
    assert sum(office.theirs.asked.values()) < 16 * 30


@pytest.mark.parametrize("fault", MISHAPS)
async def test_whatever_happens_to_a_step_it_is_there_once(
    office: Office, dossier: DossierRow, clock: Clock, fault: Fault
) -> None:
    await office.tell()
    office.theirs.faults.extend([Fault.NONE, fault, fault])  # the look-up goes well
    clock.advance(timedelta(minutes=1))
    await completed(dossier, clock())

    await office.tell_all()

    assert office.theirs.book.kept[dossier.number].steps == await timeline(dossier.id)
    assert [status for status, _ in await timeline(dossier.id)] == [2, 4, 9]


async def test_a_fact_heard_again_sends_nothing(office: Office, dossier: DossierRow, clock: Clock) -> None:
    await office.tell()
    before = dict(office.theirs.asked)

    found = await telling.tell(dossier.id, portal=office.client, breaker=office.breaker, clock=clock)

    assert found is Verdict.EQUAL
    assert office.theirs.asked[SYNCHRONISE] == before[SYNCHRONISE] == 1
    assert office.theirs.asked[PROGRESS] == 0
    assert office.theirs.asked[LOOK_UP] == before[LOOK_UP] + 1


async def test_a_fee_of_the_counter_follows_and_one_taken_back_is_gone(
    office: Office, open_hall: Hall, dossier: DossierRow, clock: Clock
) -> None:
    await office.tell_all()
    given = [
        await counter.take_fee(
            number=dossier.number,
            centre_id=open_hall.centre_id,
            purse=purse,
            amount_vnd=amount,
            receipt=receipt,
            now=clock(),
        )
        for purse, amount, receipt in [
            (Purse.STATE, 6_000, "NB/26-0000017"),
            (Purse.POSTAGE, 30_000, "BD/26-0000017"),
        ]
    ]
    await office.tell_all()
    paid = office.theirs.book.kept[dossier.number].record["DanhSachLePhi"]
    await counter.take_back(
        number=dossier.number,
        centre_id=open_hall.centre_id,
        fee_id=given[0].id,
        because="Thu nhầm",
        now=clock(),
    )
    await office.tell_all()

    assert [(each["Gia"], each["HinhThucThu"]) for each in paid] == [("6000", "1")]
    assert office.theirs.book.kept[dossier.number].record["DanhSachLePhi"] == []


async def test_two_who_tell_of_one_dossier_at_once_are_one(
    office: Office, dossier: DossierRow, clock: Clock
) -> None:
    done = await completed(dossier, clock())

    answers = await asyncio.gather(
        *(
            telling.tell(dossier.id, portal=office.client, breaker=office.breaker, clock=clock)
            for _ in range(4)
        ),
        return_exceptions=True,
    )

    assert all(isinstance(answer, Later | Verdict) for answer in answers)
    assert sum(isinstance(answer, Verdict) for answer in answers) >= 1
    assert office.theirs.book.kept[done.number].steps == await timeline(dossier.id)
    assert office.theirs.asked[PROGRESS] == 2


async def test_a_worker_lost_between_the_call_and_its_memory_sends_nothing_twice(
    office: Office, dossier: DossierRow, clock: Clock
) -> None:
    await office.tell()
    clock.advance(timedelta(minutes=1))
    await completed(dossier, clock())
    await office.tell()
    assert DB.pool is not None
    # As the row is when the process ended right after the portal took the last step.
    await DB.pool.execute(
        "UPDATE portal_dossier SET told_steps = 2, record_mac = NULL WHERE dossier_id = $1", dossier.id
    )
    await DB.pool.execute("DELETE FROM portal_step WHERE dossier_id = $1 AND step = 3", dossier.id)
    sent = office.theirs.asked[PROGRESS]

    await telling.tell(dossier.id, portal=office.client, breaker=office.breaker, clock=clock)

    assert office.theirs.asked[PROGRESS] == sent
    assert office.theirs.book.kept[dossier.number].steps == await timeline(dossier.id)
    assert await DB.pool.fetchval("SELECT count(*) FROM portal_step WHERE dossier_id = $1", dossier.id) == 3


async def test_another_state_over_there_is_a_row_and_is_not_overwritten(
    office: Office, dossier: DossierRow, clock: Clock
) -> None:
    await office.tell()
    office.theirs.book.decide(dossier.number, 8, "20261130090000")
    clock.advance(timedelta(minutes=1))
    await completed(dossier, clock())

    await office.tell_all()
    await telling.tell(dossier.id, portal=office.client, breaker=office.breaker, clock=clock)

    assert office.theirs.book.kept[dossier.number].status == 8
    (row,) = await memory.open_conflicts()
    assert (row.number, row.kind, row.ours, row.theirs) == (dossier.number, "other_state", 9, 8)

    assert await reconciling.settle(dossier.number, portal=office.client, clock=clock)

    assert office.theirs.book.kept[dossier.number].status == 9
    assert await memory.open_conflicts() == []
    seen = await fetch("SELECT action FROM journal WHERE object_id = $1", str(dossier.id))
    assert {"portal.conflict_seen", "portal.conflict_closed"} <= {row["action"] for row in seen}


async def test_a_dossier_the_portal_moved_back_is_a_conflict(
    office: Office, dossier: DossierRow, clock: Clock
) -> None:
    clock.advance(timedelta(minutes=1))
    done = await completed(dossier, clock())
    await office.tell_all()
    office.theirs.book.decide(dossier.number, 4, "20261130090000")

    await returned(done, clock())
    await office.tell_all()

    assert office.theirs.book.kept[dossier.number].status == 4
    assert [(row.ours, row.theirs) for row in await memory.open_conflicts()] == [(10, 4)]


async def test_what_the_portal_will_never_take_is_dead_and_seen_and_blocks_nobody(
    office: Office, open_hall: Hall, clock: Clock
) -> None:
    office.theirs.book.unknown_procedures.add(open_hall.code)
    poison = await accepted(open_hall, clock())
    await office.tell_all()
    office.theirs.book.unknown_procedures.clear()
    good = await accepted(open_hall, clock())
    await office.tell_all()

    assert poison.number not in office.theirs.book.kept
    assert good.number in office.theirs.book.kept
    (dead,) = await ledger.dead()
    assert "error_code 05" in dead.last_error
    assert "Lan" not in dead.last_error
    (row,) = await memory.open_conflicts()
    assert (row.number, row.kind, row.error_code) == (poison.number, "refused", "05")

    assert await ledger.replay(work_id=dead.id, now=clock())
    await office.tell_all()

    assert office.theirs.book.kept[poison.number].steps == await timeline(poison.id)
    assert await memory.open_conflicts() == []


async def test_an_account_that_is_not_accepted_kills_no_fact(
    office: Office, dossier: DossierRow, clock: Clock
) -> None:
    office.theirs.account = ("somebody", "else")
    await office.tell()
    assert await office.states() == {"ready": 1}

    office.theirs.account = ("motcua", "a-password-of-these-tests")
    await office.tell_all()

    assert dossier.number in office.theirs.book.kept


async def test_after_some_failures_the_portal_is_left_alone_and_one_tries(
    office: Office, dossier: DossierRow, clock: Clock
) -> None:
    breaker = Breaker(clock=clock.monotonic)
    office.theirs.break_down(OUTAGE)

    async def tried() -> bool:
        asked = sum(office.theirs.asked.values()) + office.theirs.turned_away
        with pytest.raises(Later):
            await telling.tell(dossier.id, portal=office.client, breaker=breaker, clock=clock)
        return sum(office.theirs.asked.values()) + office.theirs.turned_away > asked

    assert [await tried() for _ in range(FAILURES_BORNE + 2)] == [True] * FAILURES_BORNE + [False] * 2
    clock.advance(timedelta(seconds=31))
    assert [await tried() for _ in range(2)] == [True, False]


async def test_reconciling_says_what_differs_and_mends_what_lacks_telling(
    office: Office, open_hall: Hall, clock: Clock
) -> None:
    equal = await accepted(open_hall, clock())
    behind = await accepted(open_hall, clock())
    moved = await accepted(open_hall, clock())
    await office.tell_all()
    clock.advance(timedelta(minutes=1))
    await completed(behind, clock())  # not told yet
    missing = await accepted(open_hall, clock())
    office.theirs.book.decide(moved.number, 7, "20261130090000")

    async def outcomes(*, mend: bool) -> dict[str, str]:
        ids = await reconciling.to_compare(since=clock() - timedelta(days=7))
        going = reconciling.reconcile(ids, portal=office.client, mend=mend, clock=clock)
        found = reconciling.summarise([each async for each in going])
        return {equal.number: "equal"} | {each.number: each.outcome for each in found.differences}

    expected = {equal.number: "equal", moved.number: "conflict"}
    assert await outcomes(mend=False) == expected | {behind.number: "behind", missing.number: "missing"}
    assert await outcomes(mend=True) == expected | {behind.number: "mended", missing.number: "mended"}
    assert await outcomes(mend=True) == expected
    assert office.theirs.book.kept[behind.number].steps == await timeline(behind.id)
    sent = office.theirs.asked[PROGRESS]
    await office.tell_all()  # the facts that woke nobody find nothing to do
    assert office.theirs.asked[PROGRESS] == sent


async def test_a_portal_that_is_away_is_said_by_the_reconciliation(
    office: Office, dossier: DossierRow, clock: Clock
) -> None:
    office.theirs.break_down(OUTAGE)
    with pytest.raises(PortalUnavailable):
        await office.client.status_of(dossier.number)
    going = reconciling.reconcile([dossier.id], portal=office.client, mend=True, clock=clock)
    assert [each.outcome async for each in going] == ["away"]


async def test_every_fact_of_a_dossier_is_for_the_portal(settings: Settings) -> None:
    """And where there is none, those nobody else hears are put away: a new one is heard by itself."""
    kinds = {fact.kind for fact in FOR_PORTAL}
    assert kinds == {kind for kind in KINDS if kind.startswith("dossier.")}
    async with make_subscriptions(settings) as subscriptions:
        heard_anyway = {subscription.fact.kind for subscription in subscriptions}
    assert kinds <= heard_anyway | set(SILENT)
