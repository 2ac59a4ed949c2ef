"""A dossier's clock: when it stands still, which dates were promised, and who may promise again."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from litestar import Litestar

from app.centres import queries as centres
from app.core.clock import at_local, local_date, machine_time
from app.core.database import DB, fetch
from app.core.working_calendar import WorkingCalendar
from app.settings import Settings
from tests.dossiers.conftest import Counter, everything_about, it_is

DAY = timedelta(days=1)


@pytest.fixture
async def calendar(counter: Counter) -> WorkingCalendar:
    """Of the sample; the counter's procedure takes five working days."""
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE procedure SET processing_unit = 'working_day', processing_value = 5 WHERE code = $1",
        counter.hall.code,
    )
    return await centres.load_working_calendar()


@pytest.fixture
def monday(calendar: WorkingCalendar) -> date:
    """A coming Monday after which ten days have no day off but the weekend."""
    day = local_date(machine_time()) + 7 * DAY
    while day.isoweekday() != 1 or not all(
        calendar.is_working_day(day + n * DAY) == ((day + n * DAY).isoweekday() < 6) for n in range(17)
    ):
        day += DAY
    return day


def promised(dossier: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(dossier["promised_at"])


async def accepted(counter: Counter, monday: date) -> dict[str, Any]:
    """Promised for Monday at nine, a week later; it is being processed."""
    it_is(at_local(monday, 9))
    dossier = await counter.moved(await counter.registered(register_only=False), "start")
    # The test's clock runs as the machine's: by a second or so it is later than nine.
    assert timedelta(0) <= promised(dossier) - at_local(monday + 7 * DAY, 9) < timedelta(minutes=1)
    return dossier


async def test_the_first_supplement_stops_the_clock_and_both_dates_are_kept(
    counter: Counter, monday: date
) -> None:
    before = await accepted(counter, monday)
    it_is(at_local(monday + DAY, 10))
    waiting = await counter.moved(before, "supplement", who="officer")
    it_is(at_local(monday + 3 * DAY, 10))

    after = await counter.moved(waiting, "supplement-received", who="officer")

    assert waiting["promised_at"] == before["promised_at"]
    assert abs(promised(after) - promised(before) - 2 * DAY) < timedelta(seconds=30)
    (supplement,) = after["supplements"]
    assert supplement["previous_promised_at"] == before["promised_at"]
    assert supplement["promised_at"] == after["promised_at"]
    assert supplement["stops_clock"] is True
    assert after["status"] == 4


async def test_a_second_supplement_needs_a_leader_counts_as_late_and_stops_no_clock(
    counter: Counter, monday: date
) -> None:
    first = await counter.moved(await accepted(counter, monday), "supplement", "supplement-received")
    before = await everything_about(first["number"])

    refused = await counter.move(first, "supplement", who="officer")

    assert (refused.status_code, refused.json()["code"]) == (409, "second_supplement")
    assert "điểm quốc gia" in refused.json()["detail"]
    assert await everything_about(first["number"]) == before
    it_is(at_local(monday + DAY, 10))
    second = await counter.moved(first, "supplement", who="leader")
    it_is(at_local(monday + 3 * DAY, 10))
    received = await counter.moved(second, "supplement-received")
    assert (second["counts_as_late"], second["supplement_count"]) == (True, 2)
    assert [entry["counts_as_late"] for entry in second["decisions"]] == [False, True]
    assert received["promised_at"] == first["promised_at"]


async def test_english_readers_are_told_what_a_second_supplement_costs(
    counter: Counter, monday: date
) -> None:
    first = await counter.moved(await accepted(counter, monday), "supplement", "supplement-received")
    counter.people["officer"]["Accept-Language"] = "en"

    refused = await counter.move(first, "supplement", who="officer")

    assert "counts as late in the national score" in refused.json()["detail"]


@pytest.mark.parametrize(("stops_clock", "moved_by"), [(True, 2 * DAY), (False, timedelta(0))])
async def test_whether_a_payment_stops_the_clock_is_kept_with_the_pause(
    app: Litestar,
    monkeypatch: pytest.MonkeyPatch,
    counter: Counter,
    monday: date,
    *,
    stops_clock: bool,
    moved_by: timedelta,
) -> None:
    chosen = "yes" if stops_clock else "no"
    settings = Settings.from_environment({"MOTCUA_PAYMENT_STOPS_CLOCK": chosen})
    before = await accepted(counter, monday)
    it_is(at_local(monday + DAY, 10))
    with monkeypatch.context() as deployment:
        deployment.setattr(app.state, "settings", settings)
        due = await counter.moved(before, "payment-due")
    it_is(at_local(monday + 3 * DAY, 10))

    paid = await counter.moved(due, "payment-received")

    assert abs(promised(paid) - promised(before) - moved_by) < timedelta(seconds=30)


async def test_an_extension_keeps_the_old_date_and_a_second_one_needs_a_leader(
    counter: Counter, monday: date
) -> None:
    before = await accepted(counter, monday)
    later = at_local(monday + 9 * DAY, 9)
    once = await counter.moved(before, "extend", who="officer", promised_at=later.isoformat())
    (decision,) = once["decisions"]

    again = {"promised_at": at_local(monday + 10 * DAY, 9).isoformat()}
    refused = await counter.move(once, "extend", who="officer", **again)
    twice = await counter.moved(once, "extend", who="leader", **again)

    assert promised(once) == later
    assert decision["previous_promised_at"] == before["promised_at"]
    assert (refused.status_code, refused.json()["code"]) == (409, "second_extension")
    assert twice["extension_count"] == 2
    assert twice["status"] == 4


async def test_a_promise_is_made_for_a_later_moment_that_is_worked(counter: Counter, monday: date) -> None:
    dossier = await accepted(counter, monday)
    before = await everything_about(dossier["number"])
    wrong = [
        at_local(monday + 2 * DAY, 9),  # earlier than was promised
        at_local(monday + 12 * DAY, 9),  # a Saturday
        at_local(monday + 9 * DAY, 12),  # at lunch
        at_local(monday - DAY, 9),
    ]

    answers = [await counter.move(dossier, "extend", promised_at=moment.isoformat()) for moment in wrong]

    assert {(a.status_code, a.json()["code"]) for a in answers} == {(422, "promised_date_not_valid")}
    far = await counter.move(dossier, "extend", promised_at="2099-01-05T09:00:00+07:00")
    assert (far.status_code, far.json()["code"]) == (409, "calendar_not_declared")
    assert await everything_about(dossier["number"]) == before


async def test_what_ends_while_it_waits_waits_no_more(counter: Counter, monday: date) -> None:
    dossier = await counter.moved(await accepted(counter, monday), "supplement", "stop")

    rows = await fetch("SELECT ended_at, stops_clock FROM dossier_pause")
    assert [row["ended_at"] is not None for row in rows] == [True]
    assert dossier["status"] == 8
