"""Before a promise is broken somebody is told, once; on the day the apology is ready."""

import asyncio
from datetime import date, datetime
from typing import Any

import pytest

from app.core.clock import at_local
from app.core.database import fetch
from app.core.working_calendar import WorkingCalendar
from app.dossiers.due import bounds
from app.dossiers.operations import warn_of_due
from jobs.schedules import warn_of_promises
from tests.dossiers.conftest import Counter, it_is
from tests.dossiers.test_clock import DAY, accepted, calendar, monday, promised  # noqa: F401 - fixtures


async def warned() -> list[str]:
    rows = await fetch("SELECT level FROM dossier_warning ORDER BY at, level")
    return [row["level"] for row in rows]


async def told() -> list[str]:
    """Levels of the facts, as others hear them."""
    rows = await fetch("SELECT payload->>'level' AS level FROM outbox WHERE kind = 'dossier.warned'")
    return sorted(row["level"] for row in rows)


async def listed(counter: Counter, **asked: Any) -> list[dict[str, Any]]:
    answer = await counter.http.get(
        "/v1/staff/due-dossiers", params=asked, headers=counter.people["officer"]
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_two_working_days_before_are_counted_over_a_holiday() -> None:
    """Promised for Monday 7 September 2026, after 2 September: Thursday the officer, Friday the leader."""
    calendar = WorkingCalendar(holidays=frozenset({date(2026, 9, 1), date(2026, 9, 2)}))  # noqa: F811
    due = at_local(date(2026, 9, 7), 9)

    def owed(day: date) -> list[bool]:
        found = bounds(at_local(day, 8), calendar)
        return [due < found.officer, due < found.leader, due < found.draft, due < found.overdue]

    assert owed(date(2026, 8, 31)) == [False, False, False, False]
    assert owed(date(2026, 9, 3)) == [True, False, False, False]
    assert owed(date(2026, 9, 4)) == [True, True, False, False]
    assert owed(date(2026, 9, 7)) == [True, True, True, False]


async def test_each_is_warned_in_turn_and_once(counter: Counter, monday: date) -> None:  # noqa: F811
    dossier = await accepted(counter, monday)
    seen = []
    for day, hour in ((2, 8), (3, 8), (4, 8), (7, 8), (7, 10)):
        it_is(at_local(monday + day * DAY, hour))
        await warn_of_promises({})
        await warn_of_promises({})
        items = await listed(counter)
        seen.append(
            (await warned(), [i["state"] for i in items], [bool(i["apology_draft"]) for i in items])
        )

    assert seen == [
        ([], [], []),
        (["officer"], ["due_soon"], [False]),
        (["officer", "leader"], ["due_soon"], [False]),
        (["officer", "leader"], ["due_today"], [True]),
        (["officer", "leader", "overdue"], ["overdue"], [True]),
    ]
    assert await told() == ["leader", "officer", "overdue"]
    (late,) = await listed(counter, which="overdue")
    assert late["number"] == dossier["number"]
    assert late["apology_draft"]["reason"] == ""
    assert datetime.fromisoformat(late["apology_draft"]["proposed_promised_at"]) > promised(dossier)


async def test_what_an_outage_left_out_is_caught_up_by_two_at_once(
    counter: Counter,
    monday: date,  # noqa: F811
) -> None:
    await accepted(counter, monday)
    now = it_is(at_local(monday + 11 * DAY, 8))

    await asyncio.gather(warn_of_due(now=now), warn_of_due(now=now))
    await warn_of_due(now=now)

    assert sorted(await warned()) == ["leader", "officer", "overdue"]
    assert await told() == ["leader", "officer", "overdue"]


async def test_nobody_is_warned_of_what_waits_for_its_applicant_or_has_ended(
    counter: Counter,
    monday: date,  # noqa: F811
) -> None:
    await counter.moved(await accepted(counter, monday), "supplement")
    await counter.moved(await accepted(counter, monday), "complete")
    await counter.moved(await accepted(counter, monday), "stop")
    it_is(at_local(monday + 8 * DAY, 8))

    await warn_of_promises({})

    assert await warned() == []
    assert await listed(counter) == []


async def test_a_second_supplement_stops_no_clock_and_no_warning(
    counter: Counter,
    monday: date,  # noqa: F811
) -> None:
    dossier = await accepted(counter, monday)
    await counter.moved(dossier, "supplement", "supplement-received", "supplement")
    it_is(at_local(monday + 8 * DAY, 8))

    await warn_of_promises({})

    (late,) = await listed(counter)
    assert (late["state"], late["status"], late["counts_as_late"]) == ("overdue", 5, True)


async def test_a_new_promise_is_warned_of_anew_and_its_apology_is_sent(
    counter: Counter,
    monday: date,  # noqa: F811
) -> None:
    dossier = await accepted(counter, monday)
    it_is(at_local(monday + 7 * DAY, 8))
    await warn_of_promises({})
    later = at_local(monday + 10 * DAY, 9)

    extended = await counter.moved(dossier, "extend", promised_at=later.isoformat())
    nothing = await listed(counter)
    it_is(at_local(monday + 8 * DAY, 8))
    await warn_of_promises({})

    (again,) = await listed(counter)
    drafts = await fetch("SELECT state, reason FROM dossier_apology_draft")
    assert nothing == []
    assert (again["extension_count"], again["apology_draft"]) == (1, None)
    assert await told() == ["leader", "officer", "officer"]
    assert [(row["state"], row["reason"]) for row in drafts] == [
        ("sent", extended["decisions"][0]["reason"])
    ]


async def test_the_list_goes_page_by_page(counter: Counter, monday: date) -> None:  # noqa: F811
    numbers = [(await accepted(counter, monday))["number"] for _ in range(3)]
    it_is(at_local(monday + 7 * DAY, 8))
    headers = counter.people["officer"]
    found: list[str] = []
    path: str | None = "/v1/staff/due-dossiers?limit=2"
    while path is not None:
        answer = await counter.http.get(path, headers=headers)
        found += [item["number"] for item in answer.json()["items"]]
        following = answer.json()["next_cursor"]
        path = None if following is None else f"/v1/staff/due-dossiers?limit=2&cursor={following}"

    # All three are due at the same moment: which comes first is nobody's business, that each comes once is.
    assert sorted(found) == numbers
    other = await counter.http.get("/v1/staff/due-dossiers", headers=counter.people["stranger"])
    assert other.json()["items"] == []


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0", "WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTE0OjAwIiwieCJd"])
async def test_a_cursor_of_somebody_elses_making_is_refused(counter: Counter, cursor: str) -> None:
    answer = await counter.http.get(
        "/v1/staff/due-dossiers", params={"cursor": cursor}, headers=counter.people["officer"]
    )

    assert answer.status_code == 422


async def test_whoever_reads_the_list_at_the_end_of_the_calendar_is_told_so(counter: Counter) -> None:
    it_is(at_local(date(2090, 1, 5), 8))

    answer = await counter.http.get("/v1/staff/due-dossiers", headers=counter.people["officer"])

    assert (answer.status_code, answer.json()["code"]) == (409, "calendar_not_declared")
