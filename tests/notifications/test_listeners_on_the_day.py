"""What people hear on the day itself: at the centre, at their door, and about their dossier."""

import contextlib
import uuid
from datetime import datetime, timedelta

import msgspec
import pytest

from app.core.clock import current_time, local
from app.core.database import DB
from app.core.later import Later
from app.core.links import tracking_token
from app.core.outbox import Fact, decode
from app.custody.events import IncidentOpened
from app.dossiers import operations as dossiers
from app.dossiers.operations.accept import Applicant
from app.home_service import operations as home_service
from app.home_service.events import HomeVisitLate
from app.home_service.states import Report
from app.queue import operations as queue
from app.queue.queries import TicketRow
from app.queue.states import Move
from app.rounds.queries import CourierRow
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import MESSAGES, tell_person
from notifications.port import Channels
from notifications.twilio_channel import TwilioChannel
from tests.home_service.conftest import (  # noqa: F401 - fixtures
    PAPERS,
    Promise,
    event,
    hire,
    kim_son,
    new_seal,
    promise,
    publish,
    report,
    tomorrow,
    tu,
    zone,
)
from tests.notifications.conftest import LAN, sent_to
from tests.queue.conftest import Hall, hall, open_hall  # noqa: F401 - fixtures
from tests.queue.test_timed_returns_api import offered_by_the_clock

HOA = "+84987654321"


@pytest.fixture
def channels(sms: TwilioChannel) -> Channels:
    return Channels(sms=sms)


async def tell(kind: str, channels: Channels) -> None:
    """Everything recorded of one kind, each heard twice."""
    for fact in await recorded(kind) * 2:
        await tell_person(fact, channels=channels)


async def recorded(kind: str) -> list[Fact]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT kind, payload FROM outbox WHERE kind = $1 ORDER BY seq", kind)
    assert rows, f"nothing was recorded as {kind}"
    return [decode(row["kind"], row["payload"]) for row in rows]


async def called(hall: Hall, phone: str | None, now: datetime) -> TicketRow:  # noqa: F811
    await queue.issue_walk_in(
        centre_id=hall.centre_id,
        procedure_codes=[hall.code],
        priority_group=None,
        contact_phone=phone,
        locale="vi",
        now=now,
    )
    ticket = await queue.call_next(counter_id=hall.counters[0], centre_id=hall.centre_id, now=now)
    assert ticket is not None
    return ticket


async def test_whoever_left_a_phone_is_told_when_called_and_where(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    ticket = await called(open_hall, LAN, now)
    assert DB.pool is not None
    counter = await DB.pool.fetchval("SELECT number FROM counter WHERE id = $1", open_hall.counters[0])

    await tell("ticket.called", channels)

    assert sent_to(emulator, LAN) == [f"Motcua: moi so {ticket.number} den quay {counter}."]


async def test_who_agreed_to_come_back_is_told_the_number_the_time_and_where_to_follow_it(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
) -> None:
    ticket = await offered_by_the_clock(open_hall, phone=LAN)
    agreed = await queue.answer_return(
        ticket_id=ticket.id, centre_id=ticket.centre_id, accept=True, now=current_time()
    )
    assert agreed.returns_at is not None

    await tell("ticket.return_agreed", channels)

    (said,) = sent_to(emulator, LAN)
    assert said.startswith(f"Motcua: so {ticket.number} quay lai luc {local(agreed.returns_at):%H:%M}. ")
    assert said.endswith(f"/t/{tracking_token('ticket', ticket.id)}")
    assert len(said) <= 160


async def test_who_is_back_before_the_message_left_is_told_nothing(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
) -> None:
    ticket = await offered_by_the_clock(open_hall, phone=LAN)
    who = {"ticket_id": ticket.id, "centre_id": ticket.centre_id, "now": current_time()}
    await queue.answer_return(**who, accept=True)  # type: ignore[arg-type]  # the facts of both calls
    await queue.come_back(**who)  # type: ignore[arg-type]  # likewise

    await tell("ticket.return_agreed", channels)

    assert emulator.mailbox.all() == []


async def test_a_ticket_without_a_phone_tells_nobody(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    await called(open_hall, None, now)

    await tell("ticket.called", channels)

    assert emulator.mailbox.all() == []


async def test_ba_hoa_follows_her_papers_by_message(
    promise: Promise,  # noqa: F811
    tu: CourierRow,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    visit = await promise()
    seal = new_seal()
    await report(
        event(visit, Report.ACCEPTED, 1),
        event(visit, Report.EN_ROUTE, 2),
        event(visit, Report.ARRIVED, 3),
        event(visit, Report.COUNTED, 4, papers=PAPERS),
        event(visit, Report.SEALED, 5, seal=seal),
    )

    for kind in ("home_visit.confirmed", "home_visit.en_route", "home_visit.collected"):
        await tell(kind, channels)

    promised, coming, taken = sent_to(emulator, HOA)
    starts, ends = local(visit.starts_at), local(visit.ends_at)
    assert f"{starts:%H:%M}-{ends:%H:%M} {starts:%d/%m/%Y}" in promised
    assert f"buu ta {tu.given_name} dang den" in coming
    assert seal in taken
    for body in (promised, coming, taken):
        assert visit.reference in body
        assert "Hoa" not in body
        assert "Xom" not in body
        assert HOA not in body


async def test_what_is_told_of_a_visit_says_when_it_takes_place(
    promise: Promise,  # noqa: F811
    now: datetime,
) -> None:
    """A late courier is expected later than the window says."""
    visit = await promise()
    expected = visit.starts_at + timedelta(minutes=50)
    (confirmed,) = await recorded("home_visit.confirmed")
    late = HomeVisitLate(**msgspec.structs.asdict(confirmed) | {"expected_at": expected})

    words = [await MESSAGES[type(each)](each) for each in (confirmed, late)]

    assert [each and each.event_at for each in words] == [visit.starts_at, expected]


async def test_a_cancelled_visit_is_told_once(
    promise: Promise,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    visit = await promise()
    await home_service.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)

    await tell("home_visit.cancelled", channels)

    assert sent_to(emulator, HOA) == [f"Motcua: luot den nha {visit.reference} da huy."]


async def test_a_broken_seal_is_told_to_the_owner_of_the_papers(
    promise: Promise,  # noqa: F811
    channels: Channels,
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    visit = await promise()
    fact = IncidentOpened(
        occurred_at=now,
        package_id=uuid.uuid4(),
        home_visit_id=visit.id,
        centre_id=visit.centre_id,
        reason="seal_broken",
    )

    for _ in range(2):
        await tell_person(fact, channels=channels)

    (body,) = sent_to(emulator, HOA)
    assert visit.reference in body
    assert "tam giu de kiem ke" in body


async def test_an_accepted_dossier_is_told_with_its_number_and_promised_moment(
    open_hall: Hall,  # noqa: F811
    channels: Channels,
    now: datetime,
) -> None:
    """Owed at once, and sent when people are awake; this test may run at night."""
    ticket = await called(open_hall, None, now)
    await queue.move(
        ticket_id=ticket.id,
        centre_id=open_hall.centre_id,
        move=Move.START,
        expected_version=ticket.version,
        now=now,
    )
    accepted = await dossiers.accept(
        centre_id=open_hall.centre_id,
        procedure_code=open_hall.code,
        ticket_id=ticket.id,
        seal=None,
        applicant=Applicant("Nguyễn Thị Lan", LAN, None, "vi"),
        components=[],
        return_mode="counter",
        now=now,
    )

    with contextlib.suppress(Later):
        await tell("dossier.accepted", channels)

    assert DB.pool is not None
    (body,) = [row["body"] for row in await DB.pool.fetch("SELECT body FROM message WHERE phone = $1", LAN)]
    assert accepted.dossier.number in body
    assert f"{local(accepted.dossier.due_at):%H:%M %d/%m/%Y}" in body
    for secret in ("Lan", "Nguyen", open_hall.code):
        assert secret not in body
