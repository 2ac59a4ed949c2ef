"""Which dossiers the share of reuse counts: those received in the period (Decision 766/QĐ-TTg)."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.core.clock import at_local, current_time, local_date
from app.core.database import DB
from app.dossiers.queries import count_reuse
from tests.dossiers.conftest import WAYS, Counter, it_is, result_of

NOT_RECEIVED = {"1", "3"}


async def counted(counter: Counter, *, first: date, last: date) -> tuple[int, int]:
    """Dossiers with a reused component, and all of them, of this centre."""
    counts = [
        each
        for each in await count_reuse(first=first, last=last)
        if each.centre_id == counter.hall.centre_id
    ]
    return sum(each.with_reuse for each in counts), sum(each.received for each in counts)


async def reuses(dossier: dict[str, Any], flag: int, *, component: int = 1) -> None:
    """A component of the dossier, marked as exchanged (DuocTaiSuDung)."""
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO dossier_component (dossier_id, component, originals, certified_copies, copies,"
        " document_id, reuse, from_national_store)"
        " SELECT id, $2, 0, 0, 0, $3, $4, false FROM dossier WHERE number = $1",
        dossier["number"],
        component,
        await result_of(dossier),
        flag,
    )


@pytest.mark.parametrize("status", WAYS)
async def test_every_status_but_registered_and_not_accepted_counts(counter: Counter, status: str) -> None:
    dossier = await counter.brought_to(status)
    await reuses(dossier, 1)
    today = local_date(current_time())

    found = await counted(counter, first=today - timedelta(days=1), last=today + timedelta(days=1))

    assert found == ((0, 0) if status in NOT_RECEIVED else (1, 1))


async def test_a_dossier_counts_once_however_many_of_its_papers_are_reused(counter: Counter) -> None:
    several, from_result, none, bare = [await counter.brought_to("2") for _ in range(4)]
    await reuses(several, 1)
    await reuses(several, 2, component=2)
    await reuses(from_result, 2)
    await reuses(none, 0)
    today = local_date(current_time())

    found = await counted(counter, first=today - timedelta(days=1), last=today + timedelta(days=1))

    assert bare["number"] != none["number"]
    assert found == (2, 4)


async def test_a_period_is_of_whole_days_in_viet_nam(counter: Counter) -> None:
    day = local_date(current_time())
    dossiers = [await counter.brought_to("2") for _ in range(4)]
    moments = [
        at_local(day, 0) - timedelta(microseconds=1),
        at_local(day, 0),
        at_local(day + timedelta(days=1), 0) - timedelta(microseconds=1),
        at_local(day + timedelta(days=1), 0),
    ]
    assert DB.pool is not None
    for dossier, moment in zip(dossiers, moments, strict=True):
        await DB.pool.execute(
            "UPDATE dossier SET accepted_at = $2 WHERE number = $1", dossier["number"], moment
        )
    it_is(at_local(day, 12))

    assert (await counted(counter, first=day, last=day))[1] == 2
    assert (await counted(counter, first=day - timedelta(days=1), last=day + timedelta(days=1)))[1] == 4
