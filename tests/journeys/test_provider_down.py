"""Story 26: the SMS provider is away for twenty minutes, and afterwards everything adds up."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.appointments import operations as appointments
from app.appointments.rules import BookingRules
from app.core.clock import at_local, current_time
from app.core.database import DB
from app.http.principals import Caller
from app.servers.ports import free_port
from app.settings import Settings
from jobs.drainer import Drainer
from jobs.subscriptions import SILENT, make_subscriptions
from notifications import following
from notifications.channels import open_channels
from notifications.emulator.brandname import BrandnameGateway
from notifications.emulator.faults import EVERYBODY, Script
from notifications.emulator.gateway import running
from tests.journeys.conftest import LAN, Person, Town, a_working_day
from tests.journeys.test_reuse import BIRTH, Desk
from tests.notifications.test_brandname import BRAND, KEY, SECRET, of
from tests.notifications.test_costs import divided, recount

HOA, TU = "+84912000111", "+84912000222"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def gateway() -> Iterator[BrandnameGateway]:
    made = BrandnameGateway(key=KEY, secret=SECRET, brandname=BRAND)
    with running(made):
        yield made


@pytest.fixture
def here(settings: Settings, town: Town, gateway: BrandnameGateway) -> Settings:
    """An installation with a second provider of SMS."""
    return replace(
        settings,
        twilio=replace(settings.twilio, api_base=town.phones.base_url),
        channels=replace(settings.channels, brandname=of(gateway.base_url)),
    )


async def goes_on(town: Town, at: datetime) -> None:
    """It is that moment, and whatever waited for it is looked at."""
    town.at(at)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE outbox_work SET next_at = clock_timestamp() WHERE state = 'ready'")
    await town.drainer.drain()


async def states(template: str) -> dict[str, str]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT channel, state FROM message WHERE template = $1", template)
    return {row["channel"]: row["state"] for row in rows}


async def costs(person: Person, on: date) -> Any:
    answer = await person.get("/v1/staff/message-costs", **{"from": on.isoformat()})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_queue_holds_nothing_is_told_twice_and_the_costs_are_right(
    town: Town,
    day: date,
    here: Settings,
    gateway: BrandnameGateway,
    sign_in: Callable[..., Awaitable[Any]],
) -> None:
    # The day before: who comes tomorrow books, and is to be reminded a quarter of an hour before.
    tomorrow = await a_working_day(day)
    town.phones.scripts.put(EVERYBODY, Script(callbacks=(), outcome="delivered"))
    await appointments.set_booking_rules(
        centre_id=town.centre_id,
        rules=BookingRules(reminder_minutes=15),
        valid_from=day,
        now=current_time(),
    )
    lan, hoa, tu = [await town.citizen(phone) for phone in (LAN, HOA, TU)]
    at_nine = at_local(tomorrow, 9)
    standing = await town.booked(lan, at_local(tomorrow, 8, 30))
    await town.booked(tu, at_nine)
    await town.texts()
    desk = await Desk(town, tomorrow).begin()
    ticket = await desk.serving_appointment(lan, standing)
    await town.texts()
    before = len(town.phones.mailbox.all())

    # From twenty to nine until nine nobody answers at the first provider.
    away = replace(here, twilio=replace(here.twilio, api_base=f"http://127.0.0.1:{free_port()}"))
    down = at_local(tomorrow, 8, 40)
    async with make_subscriptions(away) as subscriptions:
        town.drainer = Drainer(subscriptions, silent=SILENT)
        town.at(down)
        accepted = await desk.accept(BIRTH, ticket)
        assert accepted.status_code == 201, accepted.text
        await town.booked(hoa, at_local(tomorrow, 10))
        for seconds in (0, 31):
            await goes_on(town, down + timedelta(seconds=seconds))
        town.at(down + 5 * MINUTE)
        assert await appointments.remind_due(now=current_time()) == 1
        for minutes in (5, 6, 12, 19):
            await goes_on(town, down + minutes * MINUTE)

    # What cannot wait went by the second; all else is held.
    assert len(town.phones.mailbox.all()) == before
    assert [sent["Phone"] for sent in gateway.taken] == ["0912000111"]
    assert await states("dossier_accepted") == {"sms": "ready"}
    assert await states("appointment_reminder") == {"sms": "ready"}

    async with make_subscriptions(here) as subscriptions, open_channels(here) as channels:
        town.drainer = Drainer(subscriptions, silent=SILENT)
        for minutes in (20, 21, 40, 60):
            await goes_on(town, down + minutes * MINUTE)
            await following.look_after(channels, now=current_time())
        await following.look_after(channels, now=current_time() + 60 * MINUTE)

    sent = town.phones.mailbox.all()[before:]
    assert [(record.to, accepted.json()["number"] in record.body) for record in sent] == [(LAN, True)]
    assert len(gateway.taken) == 1
    assert await states("appointment_reminder") == {"sms": "expired"}

    monitor = Person(town.http, (await sign_in(Caller.MONITOR)).headers)
    leader = await town.officer(Caller.CENTRE_LEADER)
    everything, own = await costs(monitor, tomorrow), await costs(leader, tomorrow)
    for view, centre in ((everything, None), (own, town.centre_id)):
        for key, figures in divided(view).items():
            assert figures == await recount(key, first=tomorrow, last=tomorrow, centre=centre), key
    templates = {each["template"]: each["cost"]["calls"] for each in own["by_template"]}
    assert templates["dossier_accepted"] == 1 and "appointment_reminder" not in templates
    by_channel = {each["channel"]: each["cost"] for each in own["by_channel"]}
    assert (by_channel["brandname"]["calls"], by_channel["brandname"]["amounts"]) == (1, [])
    assert by_channel["sms"]["unpriced"] == 0 and by_channel["sms"]["amounts"]
