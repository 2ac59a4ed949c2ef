"""Whoever was served answers once, in time; nobody else does, and the figures follow."""

import asyncio
import uuid
from datetime import date, datetime, timedelta

import pytest

from app.core import journal
from app.core.clock import local_date
from app.core.database import DB
from app.core.links import tracking_token
from app.queue import operations as queue
from app.queue.queries import TicketRow
from app.queue.states import AT_A_COUNTER, Move, State
from app.satisfaction import queries
from app.satisfaction.errors import (
    AlreadyAnswered,
    StaffCannotAnswer,
    SurveyClosed,
    SurveyNotFound,
)
from app.satisfaction.queries import AnswerRow
from app.satisfaction.rules import Level, wilson
from tests.queue.conftest import MINH, Hall, put, walk_in
from tests.satisfaction.conftest import (
    accepted,
    answer,
    completed,
    moved,
    returned,
    said,
    served,
    serving,
)


async def kept() -> list[dict[str, object]]:
    assert DB.pool is not None
    return [dict(row) for row in await DB.pool.fetch("SELECT * FROM survey_answer")]


async def test_lan_says_how_it_was_and_what_was_served_is_kept_with_it(
    ticket: TicketRow, token: str, now: datetime
) -> None:
    row = await answer(token, now, said(Level.NOT_SATISFIED, attitude=0), comment="Chờ lâu.")

    (stored,) = await kept()
    assert stored["id"] == row.id
    assert (stored["subject_kind"], stored["subject_id"]) == ("ticket", ticket.id)
    assert stored["centre_id"] == ticket.centre_id
    assert stored["served_on"] == local_date(now)
    assert stored["procedure_codes"] == list(ticket.procedure_codes)
    assert (stored["attitude"], stored["total_time"], stored["overall"]) == (0, 2, "not_satisfied")
    assert (stored["comment"], stored["locale"]) == ("Chờ lâu.", "vi")
    assert DB.pool is not None
    facts = await DB.pool.fetch("SELECT payload FROM outbox WHERE kind = 'survey.answered'")
    assert [str(row.id) in fact["payload"] for fact in facts] == [True]
    (line,) = await journal.about(str(row.id))
    assert line.action == "survey.answered"
    assert "Chờ" not in facts[0]["payload"] + str(line.detail)


async def test_a_second_answer_is_refused_and_the_first_one_stays(token: str, now: datetime) -> None:
    await answer(token, now, said(Level.VERY_SATISFIED))

    with pytest.raises(AlreadyAnswered):
        await answer(token, now, said(Level.NOT_SATISFIED))
    with pytest.raises(AlreadyAnswered):
        await answer(token, now, said(Level.VERY_SATISFIED))

    assert [row["overall"] for row in await kept()] == ["very_satisfied"]


async def test_of_eight_answers_at_once_one_is_kept(token: str, now: datetime) -> None:
    levels = list(Level) * 3

    outcomes = await asyncio.gather(
        *(answer(token, now, said(levels[n])) for n in range(8)), return_exceptions=True
    )

    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, AnswerRow)]
    assert sum(isinstance(outcome, AlreadyAnswered) for outcome in outcomes) == 7
    assert [(row["id"], row["overall"]) for row in await kept()] == [(winner.id, winner.overall)]


@pytest.mark.parametrize("state", sorted(set(State) - {State.DONE}))
async def test_a_ticket_that_was_not_served_is_not_asked_about(
    open_hall: Hall, now: datetime, state: State
) -> None:
    counter = open_hall.counters[0] if state in AT_A_COUNTER else None
    ticket = await put(await walk_in(open_hall, now), state, counter)

    with pytest.raises(SurveyNotFound):
        await answer(tracking_token("ticket", ticket.id), now)


async def test_a_dossier_is_asked_about_from_its_result_on(open_hall: Hall, now: datetime) -> None:
    dossier = await accepted(open_hall, now)
    token = tracking_token("dossier", dossier.id)
    with pytest.raises(SurveyNotFound):
        await answer(token, now)

    await completed(dossier, now)
    row = await answer(token, now)

    (stored,) = await kept()
    assert row.subject_kind == stored["subject_kind"] == "dossier"
    assert stored["procedure_codes"] == [dossier.procedure_code]


async def test_a_ticket_and_the_dossier_taken_at_it_are_two_answers(open_hall: Hall, now: datetime) -> None:
    dossier = await returned(await completed(await accepted(open_hall, now), now), now)
    assert dossier.ticket_id is not None

    await answer(tracking_token("ticket", dossier.ticket_id), now)
    await answer(tracking_token("dossier", dossier.id), now)

    assert {row["subject_kind"] for row in await kept()} == {"ticket", "dossier"}


@pytest.mark.parametrize("kind", ["appointment", "home_visit", "ticket", "dossier"])
async def test_a_link_of_another_kind_or_of_nothing_leads_nowhere(
    database: object, now: datetime, kind: str
) -> None:
    with pytest.raises(SurveyNotFound):
        await answer(tracking_token(kind, uuid.uuid4()), now)


async def test_a_link_of_one_kind_does_not_open_the_other(
    ticket: TicketRow, token: str, now: datetime
) -> None:
    for wrong in (tracking_token("dossier", ticket.id), token[:-1] + "A", token + "A", "", "ư" * 36):
        if wrong != token:
            with pytest.raises(SurveyNotFound):
                await answer(wrong, now)
    assert await kept() == []


async def test_after_thirty_days_nobody_is_asked_any_more(
    ticket: TicketRow, token: str, now: datetime
) -> None:
    with pytest.raises(SurveyClosed):
        await answer(token, now + timedelta(days=30, seconds=1))

    await answer(token, now + timedelta(days=30))


async def test_a_result_returned_late_is_asked_about_from_its_return(
    open_hall: Hall, now: datetime
) -> None:
    dossier = await completed(await accepted(open_hall, now - timedelta(days=40)), now - timedelta(days=40))
    token = tracking_token("dossier", dossier.id)
    with pytest.raises(SurveyClosed):
        await answer(token, now)

    await returned(dossier, now)

    assert (await answer(token, now)).served_on == local_date(now - timedelta(days=40))


async def test_staff_answer_nothing(token: str, now: datetime) -> None:
    with pytest.raises(StaffCannotAnswer):
        await answer(token, now, by_staff=True)

    assert await kept() == []


async def test_a_centres_rate_counts_who_answered_of_whom_it_served(open_hall: Hall, now: datetime) -> None:
    tickets = [await served(open_hall, now, phone=None) for _ in range(5)]
    await moved(await serving(open_hall, now), Move.PARK, now)  # not over
    dossier = await completed(await accepted(open_hall, now), now)  # one ticket and one dossier more
    levels = (Level.VERY_SATISFIED, Level.SATISFIED, Level.NOT_SATISFIED)
    for ticket, level in zip(tickets, levels, strict=False):
        await answer(tracking_token("ticket", ticket.id), now, said(level))
    await answer(tracking_token("dossier", dossier.id), now, said(Level.VERY_SATISFIED))
    today = local_date(now)

    found = await queries.satisfaction(open_hall.centre_id, first=today, last=today)

    assert (found.n, found.satisfied, found.served) == (4, 3, 7)
    assert found.rate == 0.75
    assert found.interval == wilson(3, 4)
    assert found.response_rate == pytest.approx(4 / 7)


async def test_other_centres_and_other_days_do_not_count(
    token: str, ticket: TicketRow, now: datetime
) -> None:
    await answer(token, now)
    today = local_date(now)
    day = timedelta(days=1)

    async def asked(centre_id: uuid.UUID, first: date, last: date) -> tuple[int, int]:
        found = await queries.satisfaction(centre_id, first=first, last=last)
        return found.n, found.served

    assert await asked(ticket.centre_id, today - day, today) == (1, 1)
    assert await asked(ticket.centre_id, today - 2 * day, today - day) == (0, 0)
    assert await asked(ticket.centre_id, today + day, today + 2 * day) == (0, 0)
    assert await asked(uuid.uuid4(), today, today) == (0, 0)


async def test_nobody_answered_is_not_nobody_satisfied(open_hall: Hall, now: datetime) -> None:
    await queue.open_counter(
        counter_id=open_hall.counters[0], centre_id=open_hall.centre_id, officer_id=MINH, now=now
    )
    today = local_date(now)

    found = await queries.satisfaction(open_hall.centre_id, first=today, last=today)

    assert (found.n, found.rate, found.interval, found.response_rate) == (0, None, None, None)
