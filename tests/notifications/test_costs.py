"""What messages cost, over HTTP, against a recount of every call."""

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.core.clock import ZONE, at_local, local_date
from app.core.database import DB
from app.http.principals import Caller
from notifications import calls as connections
from notifications import delivery, following
from notifications.brandname.channel import BrandnameChannel
from notifications.delivery import Carried
from notifications.emulator.brandname import BrandnameGateway
from notifications.emulator.gateway import running
from notifications.emulator.server import TwilioEmulator
from notifications.port import Channels
from notifications.templates import TEMPLATES
from notifications.twilio_channel import TwilioChannel
from notifications.ways import Way
from tests.appointments.conftest import make_centre
from tests.notifications.conftest import LAN, magic, script, sent_to
from tests.notifications.test_brandname import BRAND, KEY, SECRET, of
from tests.notifications.test_delivery import look

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
PATH = "/v1/staff/message-costs"
VALUES = {
    "reference": "NB-7K3Q-92", "time": "08:00 25/11/2026", "place": "x" * 60, "number": "A012",
    "counter": "3",
}  # fmt: skip


@pytest.fixture
def gateway() -> Iterator[BrandnameGateway]:
    made = BrandnameGateway(key=KEY, secret=SECRET, brandname=BRAND)
    with running(made):
        yield made


@pytest.fixture
def noon(now: datetime) -> datetime:
    return at_local(local_date(now) - DAY, 12)


async def owe(
    n: int, at: datetime, *, to: str = LAN, centre: uuid.UUID | None, template: str, way: Way
) -> uuid.UUID:
    return await delivery.owe(
        template=TEMPLATES[template],
        locale="vi",
        phone=to,
        values=VALUES,
        about=f"thing:{n}",
        version=1,
        now=at,
        centre_id=centre,
        carried=None if way is Way.SMS else Carried(way),
    )


async def recount(key: str, *, first: date, last: date, centre: uuid.UUID | None) -> dict[Any, Any]:
    """From the rows of the calls, without the report's query."""
    assert DB.pool is not None
    found: dict[Any, Counter[str]] = {}
    for row in await DB.pool.fetch(
        "SELECT a.*, m.centre_id, m.template, m.channel FROM message_attempt a"
        " JOIN message m ON m.id = a.message_id WHERE a.outcome IN ('accepted', 'unreachable')"
    ):
        day = row["started_at"].astimezone(ZONE).date()
        if not first <= day <= last or centre not in (None, row["centre_id"]):
            continue
        name = {"day": day.isoformat(), "all": "all"}.get(key) or row[key]
        counted = found.setdefault(str(name) if name else None, Counter())
        counted["calls"] += 1
        counted["segments"] += row["segments"]
        counted["unpriced"] += row["price"] is None
        counted["USD"] += row["price"] or 0
    return found


def told(cost: dict[str, Any]) -> Counter[str]:
    paid = {each["currency"]: Decimal(each["amount"]) for each in cost["amounts"]}
    assert set(paid) <= {"USD"}
    return Counter({key: cost[key] for key in ("calls", "segments", "unpriced")} | paid)


def divided(view: dict[str, Any]) -> dict[str, dict[Any, Counter[str]]]:
    return {
        "all": {"all": told(view["total"])},
        "centre_id": {each["centre_id"]: told(each["cost"]) for each in view["by_centre"]},
        "template": {each["template"]: told(each["cost"]) for each in view["by_template"]},
        "channel": {each["channel"]: told(each["cost"]) for each in view["by_channel"]},
        "day": {each["date"]: told(each["cost"]) for each in view["by_day"]},
    }


@pytest.fixture
async def centres(
    database: object,
    sms: TwilioChannel,
    emulator: TwilioEmulator,
    gateway: BrandnameGateway,
    noon: datetime,
) -> list[uuid.UUID]:
    """Two centres, two days, two providers, three wordings; one message is refused."""
    await script(emulator, LAN, callbacks=[], outcome="delivered")
    ids = [(await make_centre(name=name, opens=noon)).centre_id for name in ("Hoa Lư", "Kim Sơn")]
    async with connections.open_client(timeout_s=5.0) as client:
        second = BrandnameChannel(client, of(gateway.base_url), public_url="")
        ways = {Way.SMS: sms, Way.BRANDNAME: second}
        # In order of time: a sender's turns are taken so.
        sent = [
            (ids[1], "appointment_confirmed", Way.SMS, noon - DAY, LAN),
            (ids[0], "appointment_confirmed", Way.SMS, noon, LAN),
            (ids[0], "appointment_cancelled", Way.BRANDNAME, noon, LAN),
            (ids[1], "appointment_confirmed", Way.SMS, noon, magic("04")),
            (None, "ticket_called", Way.SMS, noon, LAN),
        ]
        for n, (centre, template, way, at, to) in enumerate(sent):
            message = await owe(n, at, to=to, centre=centre, template=template, way=way)
            await look(message, ways[way], at)
    return ids


async def test_the_figures_equal_a_recount_of_the_calls(
    client: httpx.AsyncClient,
    sign_in: Callable[..., Awaitable[Any]],
    centres: list[uuid.UUID],
    sms: TwilioChannel,
    noon: datetime,
) -> None:
    # Told at ten minutes, priced when next looked at.
    for hours in (0, 1, 2):
        await following.look_after(Channels(sms), now=noon + DAY + timedelta(hours=hours))
    first, last = local_date(noon - DAY), local_date(noon)
    monitor = await sign_in(Caller.MONITOR)
    leader = await sign_in(Caller.CENTRE_LEADER, centre_id=centres[0])
    period = {"from": first.isoformat(), "to": last.isoformat()}

    everything = (await client.get(PATH, headers=monitor.headers, params=period)).json()
    own = (await client.get(PATH, headers=leader.headers, params=period)).json()

    for view, centre in ((everything, None), (own, centres[0])):
        for key, figures in divided(view).items():
            assert figures == await recount(key, first=first, last=last, centre=centre), key
    assert everything["total"] == {
        "messages": 4, "calls": 4, "segments": 4, "unpriced": 1,
        "amounts": [{"currency": "USD", "amount": "0.15000"}],
    }  # fmt: skip
    assert (own["total"]["messages"], own["centre_id"]) == (2, str(centres[0]))
    assert [each["centre_id"] for each in own["by_centre"]] == [str(centres[0])]


async def test_a_message_that_was_sent_twice_is_paid_twice(
    client: httpx.AsyncClient,
    sign_in: Callable[..., Awaitable[Any]],
    database: object,
    sms: TwilioChannel,
    emulator: TwilioEmulator,
    noon: datetime,
) -> None:
    await script(emulator, LAN, callbacks=[], outcome="undelivered:30003")
    message = await owe(1, noon, centre=None, template="appointment_confirmed", way=Way.SMS)
    for minutes in (0, 10, 25, 40, 80):
        await following.look_after(Channels(sms), now=noon + minutes * MINUTE)
        await look(message, sms, noon + minutes * MINUTE)
        if minutes == 10:
            await script(emulator, LAN, callbacks=[], outcome="delivered")

    monitor = await sign_in(Caller.MONITOR)
    day = local_date(noon).isoformat()
    view = (await client.get(PATH, headers=monitor.headers, params={"from": day})).json()

    assert len(sent_to(emulator, LAN)) == 2
    assert view["total"] == {
        "messages": 1, "calls": 2, "segments": 2, "unpriced": 0,
        "amounts": [{"currency": "USD", "amount": "0.10000"}],
    }  # fmt: skip


async def test_a_leader_sees_their_own_centre_and_others_see_nothing(
    client: httpx.AsyncClient,
    sign_in: Callable[..., Awaitable[Any]],
    centres: list[uuid.UUID],
    noon: datetime,
) -> None:
    leader = await sign_in(Caller.CENTRE_LEADER, centre_id=centres[0])
    monitor = await sign_in(Caller.MONITOR)
    day = {"from": local_date(noon - DAY).isoformat(), "to": local_date(noon).isoformat()}
    other = {"centre": str(centres[1])} | day

    anothers = await client.get(PATH, headers=leader.headers, params=other)
    named = await client.get(PATH, headers=monitor.headers, params=other)
    refused = [
        (await client.get(PATH, headers=(await sign_in(caller, centre_id=centres[0])).headers)).status_code
        for caller in (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CITIZEN)
    ]

    assert anothers.status_code == 404
    assert (named.json()["total"]["calls"], named.json()["centre_id"]) == (1, str(centres[1]))
    assert refused == [403, 403, 401]
    assert (await client.get(PATH)).status_code == 401


async def test_a_period_turned_round_or_too_long_is_refused_and_an_empty_one_is_nought(
    client: httpx.AsyncClient, sign_in: Callable[..., Awaitable[Any]], database: object, noon: datetime
) -> None:
    monitor = await sign_in(Caller.MONITOR)

    async def ask(first: str, last: str) -> httpx.Response:
        return await client.get(PATH, headers=monitor.headers, params={"from": first, "to": last})

    refused = [await ask("2026-02-01", "2026-01-01"), await ask("2026-01-01", "2026-12-31")]
    empty = await ask("2026-01-01", "2026-01-31")

    assert {each.json()["code"] for each in refused} == {"indicator_period_not_valid"}
    assert (empty.status_code, empty.json()["by_day"]) == (200, [])
    assert empty.json()["total"] == {"messages": 0, "calls": 0, "segments": 0, "unpriced": 0, "amounts": []}
