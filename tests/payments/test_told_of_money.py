"""What people are told of money: before the courier comes, after they paid, and behind their link."""

import contextlib
import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.core.database import DB
from app.core.later import Later
from app.core.links import tracking_token
from app.core.outbox import decode
from app.home_service import operations, queries
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Report
from app.payments.rules import Purse
from app.rounds.queries import CourierRow
from notifications import amounts
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import tell_person
from notifications.port import Channels
from notifications.twilio_channel import TwilioChannel
from tests.home_service.conftest import DISABILITY, Zone, ask, door, event, report
from tests.notifications.conftest import emulator as emulator  # noqa: PLC0414 - fixtures
from tests.notifications.conftest import make_channel as make_channel  # noqa: PLC0414 - fixtures
from tests.notifications.conftest import sent_to
from tests.notifications.conftest import sms as sms  # noqa: PLC0414 - fixtures
from tests.payments.conftest import FEE, STATUS, bill, fee, money, number, tell

HOA = "+84987654321"


@pytest.fixture
def channels(sms: TwilioChannel) -> Channels:
    return Channels(sms=sms)


async def hear(kind: str, channels: Channels) -> None:
    """Everything recorded of one kind, each heard twice; at night a receipt waits for the morning."""
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT kind, payload FROM outbox WHERE kind = $1 ORDER BY seq", kind)
    for row in [*rows, *rows]:
        with contextlib.suppress(Later):
            await tell_person(decode(row["kind"], row["payload"]), channels=channels)


async def texts(template: str) -> list[str]:
    """What is owed to phones, sent already or waiting."""
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT body FROM message WHERE template = $1 ORDER BY created_at, id", template
    )
    return [row["body"] for row in rows]


def dotted(amount: int) -> str:
    return f"{amount // 1000}.{amount % 1000:03d}d"


@pytest.mark.parametrize(
    ("amount", "vi", "en"),
    [
        (0, "0 đồng", "0 VND"),
        (500, "500đ", "500 VND"),
        (35_000, "35.000đ", "35,000 VND"),
        (1_000_000_000, "1.000.000.000đ", "1,000,000,000 VND"),
    ],
)
def test_an_amount_is_written_as_people_write_it(amount: int, vi: str, en: str) -> None:
    assert (amounts.written(amount, "vi"), amounts.written(amount, "en")) == (vi, en)


async def test_what_is_to_be_paid_is_told_with_the_promise_state_fee_and_postage_apart(
    visit: HomeVisitRow, channels: Channels, emulator: TwilioEmulator
) -> None:
    postage = (await bill(visit)).owed(Purse.POSTAGE)

    await hear("home_visit.confirmed", channels)

    [body] = sent_to(emulator, HOA)
    assert f"phi, le phi 10.000d, cuoc {dotted(postage)}." in body


async def test_who_pays_nothing_is_told_so(
    zone: Zone, tu: CourierRow, channels: Channels, emulator: TwilioEmulator, now: datetime
) -> None:
    await ask(zone, now, procedure_codes=[DISABILITY])

    await hear("home_visit.confirmed", channels)

    [body] = sent_to(emulator, HOA)
    assert "phi, le phi 0 dong, cuoc 0 dong." in body


async def test_an_amount_the_catalogue_does_not_have_is_not_guessed(
    zone: Zone, tu: CourierRow, channels: Channels, client: httpx.AsyncClient, now: datetime
) -> None:
    visit = await ask(zone, now, procedure_codes=["3.000333"])

    await hear("home_visit.confirmed", channels)
    followed = await client.get(f"/v1/track/{tracking_token('home_visit', visit.id)}")
    seen = await client.get(f"/t/{tracking_token('home_visit', visit.id)}?lang=en")

    [body] = await texts("home_visit_confirmed")
    assert "le phi chua dinh, cuoc" in body
    assert "owed_state_vnd" not in followed.json()
    assert "Said at the door" in seen.text


async def test_what_was_paid_at_the_centre_is_not_asked_for_at_the_door(
    visit: HomeVisitRow, channels: Channels, now: datetime
) -> None:
    receipt = number()
    await operations.pay_at_centre(
        home_visit_id=visit.id,
        centre_id=visit.centre_id,
        officer_id=uuid.uuid4(),
        amount_vnd=FEE,
        receipt=receipt,
        now=now,
    )
    await report(event(visit, Report.ACCEPTED, 1), event(visit, Report.EN_ROUTE, 2))

    await hear("home_visit.en_route", channels)
    await hear("home_visit.paid", channels)

    [coming] = await texts("home_visit_en_route")
    assert "phi, le phi 0 dong" in coming
    [paid] = await texts("home_visit_paid")
    assert paid == f"Motcua: da thu 10.000d phi, le phi cua luot {visit.reference}, bien lai so {receipt}."


async def test_whoever_showed_their_paper_is_told_of_nothing_to_pay(
    visit: HomeVisitRow, channels: Channels, now: datetime
) -> None:
    for purse in Purse:
        await operations.free_of_payment(
            home_visit_id=visit.id, centre_id=visit.centre_id, purse=purse, group="HN", now=now
        )
    await report(event(visit, Report.ACCEPTED, 1), event(visit, Report.EN_ROUTE, 2))

    await hear("home_visit.en_route", channels)

    [coming] = await texts("home_visit_en_route")
    assert "phi, le phi 0 dong, cuoc 0 dong." in coming


async def test_each_payment_has_one_receipt_however_often_it_is_told(
    visit: HomeVisitRow, channels: Channels
) -> None:
    postage = (await bill(visit)).owed(Purse.POSTAGE)
    state, leg = fee(visit, FEE, receipt="BL-7001"), fee(visit, postage, kind="postage", receipt="BL-7002")
    for told in (state, leg, state, leg._replace(event_id=uuid.uuid4())):
        await tell(told)

    await hear("home_visit.paid", channels)
    await hear("home_visit.paid", channels)

    assert await texts("home_visit_paid") == [
        f"Motcua: da thu 10.000d phi, le phi cua luot {visit.reference}, bien lai so BL-7001.",
        f"Motcua: da thu {dotted(postage)} cuoc cua luot {visit.reference}, bien lai so BL-7002.",
    ]


async def test_a_payment_put_right_under_its_receipt_is_not_told_again(
    visit: HomeVisitRow, channels: Channels
) -> None:
    await tell(fee(visit, FEE, receipt="BL-7003"))
    await hear("home_visit.paid", channels)

    await tell(fee(visit, 2_000, seq=7, receipt="BL-7003"))
    await hear("home_visit.paid", channels)

    [body] = await texts("home_visit_paid")
    assert "10.000d" in body


async def test_a_paper_shown_instead_of_money_is_no_receipt(
    visit: HomeVisitRow, channels: Channels
) -> None:
    await tell(money(visit, 6, {"amount": 0, "kind": "state", "waiver": "HN"}))

    await hear("home_visit.paid", channels)

    assert await texts("home_visit_paid") == []


async def test_english_is_told_in_english(
    zone: Zone, tu: CourierRow, channels: Channels, now: datetime
) -> None:
    file = await operations.promise(
        citizen_id=uuid.uuid4(),
        kind=Kind.COLLECTION,
        procedure_codes=[STATUS],
        window_id=zone.windows[0].id,
        door=door()._replace(locale="en"),
        dossier_number=None,
        now=now,
    )

    await hear("home_visit.confirmed", channels)
    await tell(fee(file.visit, FEE, receipt="BL-7004"))
    await hear("home_visit.paid", channels)

    [promised] = await texts("home_visit_confirmed")
    assert "To pay at the door: state fee 10,000 VND, postage " in promised
    [paid] = await texts("home_visit_paid")
    assert "10,000 VND of state fee received" in paid


async def test_the_link_shows_what_is_owed_and_nothing_once_it_is_paid(
    visit: HomeVisitRow, client: httpx.AsyncClient
) -> None:
    token = tracking_token("home_visit", visit.id)
    postage = (await bill(visit)).owed(Purse.POSTAGE)

    before: dict[str, Any] = (await client.get(f"/v1/track/{token}")).json()
    page = await client.get(f"/t/{token}?lang=vi")
    await tell(fee(visit, FEE))
    after = (await client.get(f"/v1/track/{token}")).json()

    assert (before["owed_state_vnd"], before["owed_postage_vnd"]) == (FEE, postage)
    assert (after["owed_state_vnd"], after["owed_postage_vnd"]) == (0, postage)
    assert "10.000 đồng" in page.text
    assert "Cước phải trả" in page.text
    row = await queries.by_id(visit.id)
    assert row is not None
    assert row.contact_name not in page.text
