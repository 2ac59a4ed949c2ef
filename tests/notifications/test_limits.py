"""What holds a message back before a call: caps of a phone, a budget, a hold, a paused wording, the pace.

Over real HTTP against the emulator; `now` is brought forward instead of waited for.
"""

import asyncio
import contextlib
import uuid
from datetime import datetime, timedelta

import pytest

from app.core.clock import ZONE
from app.core.database import DB
from app.core.later import Later
from app.core.operation import operation
from app.settings import Settings
from notifications import delivery, holds, limits
from notifications.channels import open_channels
from notifications.emulator.server import TwilioEmulator
from notifications.events import MessageNotDelivered
from notifications.policy import Rest
from notifications.port import Sender
from notifications.receipts import note_receipt
from notifications.templates import TEMPLATES
from notifications.twilio_channel import TwilioChannel
from tests.notifications.conftest import LAN, calls, magic, owe, script, sent_to, stored
from tests.notifications.test_listeners import facts

CONFIRMED = "appointment_confirmed"
CAN_WAIT = "appointment_cancelled_by_centre"
# An hour at which nobody sleeps, so that the hour of the run decides nothing.
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=ZONE)
MIDNIGHT = datetime(2026, 11, 26, 0, 0, tzinfo=ZONE)
MORNING = datetime(2026, 11, 26, 6, 30, tzinfo=ZONE)
DAY = timedelta(days=1)
A_DAY_AT_MOST = 10


async def look(message_id: uuid.UUID, sms: TwilioChannel, now: datetime) -> timedelta | None:
    try:
        await delivery.deliver(message_id, channel=sms, now=now)
    except Later as later:
        return later.after
    return None


async def send(count: int, sms: TwilioChannel, now: datetime, *, of: str = CONFIRMED) -> list[str]:
    """So many things told to Lan; how each stands and why."""
    stands = []
    for n in range(count):
        message_id = await owe(of, LAN, now, about=f"{of}:{now:%d%H%M}:{n}")
        await look(message_id, sms, now)
        row = await stored(message_id)
        stands.append(f"{row.state} {row.error_code}".strip())
    return stands


async def journaled(action: str) -> int:
    assert DB.pool is not None
    return int(await DB.pool.fetchval("SELECT count(*) FROM journal WHERE action = $1", action))


async def hold(scope: str) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO message_hold (scope, reason, since) VALUES ($1, 'test', $2)", scope, NOON
    )


async def let_go(scope: str) -> None:
    assert DB.pool is not None
    await DB.pool.execute("DELETE FROM message_hold WHERE scope = $1", scope)


async def test_a_phone_gets_ten_messages_a_day_and_as_many_codes_as_are_asked_for(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    codes = await send(3, sms, NOON, of="otp")
    told = await send(A_DAY_AT_MOST + 2, sms, NOON)
    more = await send(1, sms, NOON + timedelta(minutes=1), of="otp")
    late = await send(1, sms, MIDNIGHT - timedelta(seconds=1))
    tomorrow = await send(1, sms, MIDNIGHT + timedelta(seconds=1))

    assert codes + more == ["accepted"] * 4, "codes neither count nor are held back"
    assert told == ["accepted"] * A_DAY_AT_MOST + ["rejected cap_day"] * 2
    assert late == ["rejected cap_day"]
    assert tomorrow == ["accepted"]
    assert len(sent_to(emulator, LAN)) == A_DAY_AT_MOST + 4 + 1
    # Whoever has another way to the person may take it.
    assert len(await facts(MessageNotDelivered.kind)) == 3


async def test_twelve_who_look_at_once_send_a_phone_ten(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    messages = [await owe(CONFIRMED, LAN, NOON, about=f"visit:{n}") for n in range(A_DAY_AT_MOST + 2)]

    await asyncio.gather(*(look(message_id, sms, NOON) for message_id in messages))
    for message_id in messages:
        await look(message_id, sms, NOON + timedelta(minutes=1))

    assert len(sent_to(emulator, LAN)) == A_DAY_AT_MOST
    states = [(await stored(message_id)).state for message_id in messages]
    assert sorted(states) == ["accepted"] * A_DAY_AT_MOST + ["rejected"] * 2


async def test_a_place_somebody_may_yet_give_back_is_waited_for(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    """The tenth is being called: should that come to nothing, the eleventh is the tenth."""
    await send(A_DAY_AT_MOST - 1, sms, NOON)
    tenth = await owe(CONFIRMED, LAN, NOON, about="visit:tenth")
    eleventh = await owe(CONFIRMED, LAN, NOON, about="visit:eleventh")
    await delivery._begin(message_id=tenth, now=NOON)

    assert await look(eleventh, sms, NOON) is not None
    assert (await stored(eleventh)).state == "ready"
    assert DB.pool is not None
    await DB.pool.execute("UPDATE message SET state = 'rejected' WHERE id = $1", tenth)

    assert await look(eleventh, sms, NOON + timedelta(minutes=1)) is None
    assert (await stored(eleventh)).state == "accepted"


async def test_a_phone_gets_sixty_messages_in_thirty_days(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO message (id, dedupe, template, locale, phone, body, encoding, segments, about, state,"
        " created_at, not_before, expires_at, accepted_at)"
        " SELECT gen_random_uuid(), 'before:' || n, 'dossier_returned', 'vi', $1, 'Motcua', 'GSM-7', 1,"
        "        'dossier:' || n, 'delivered', at, at, at, at"
        "   FROM generate_series(0, 58) AS n,"
        "        LATERAL (SELECT $2::timestamptz + n / 10 * interval '1 day') AS d (at)",
        LAN,
        NOON,
    )

    sixtieth = await send(1, sms, NOON + 6 * DAY)
    on_the_last = await send(1, sms, NOON + 29 * DAY)
    after_thirty = await send(A_DAY_AT_MOST, sms, NOON + 30 * DAY + timedelta(minutes=1))

    assert sixtieth + on_the_last == ["accepted", "rejected cap_month"]
    assert after_thirty == ["accepted"] * A_DAY_AT_MOST, "the ten of the first day are forgotten"
    assert len(sent_to(emulator, LAN)) == 1 + A_DAY_AT_MOST


async def of_centre(template: str, centre_id: uuid.UUID | None, now: datetime, about: str) -> uuid.UUID:
    return await delivery.owe(
        template=TEMPLATES[template],
        locale="vi",
        phone=LAN,
        values={"number": "H42-000001", "reference": "NB-7K3Q-92", "time": "08:00", "place": "Hoa Lư"},
        about=about,
        version=1,
        now=now,
        centre_id=centre_id,
    )


async def give(centre_id: uuid.UUID, segments_per_day: int) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO message_budget VALUES ($1, $2, 1, $3, $1)", centre_id, segments_per_day, NOON
    )


async def test_a_centre_that_spent_its_day_sends_what_cannot_wait_and_the_rest_tomorrow(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    poor, rich = uuid.uuid4(), uuid.uuid4()
    await give(poor, 4)
    await give(rich, 1000)
    spent = [await of_centre(CAN_WAIT, poor, NOON, f"dossier:{n}") for n in range(4)]
    for message_id in spent:
        assert await look(message_id, sms, NOON) is None

    waits = await of_centre(CAN_WAIT, poor, NOON, "dossier:5")
    urgent = await of_centre(CONFIRMED, poor, NOON, "appointment:1")
    of_another = await of_centre(CAN_WAIT, rich, NOON, "dossier:6")
    of_none = await of_centre(CAN_WAIT, None, NOON, "dossier:7")

    assert await look(waits, sms, NOON) == limits.BUDGET_LOOK
    for message_id in (urgent, of_another, of_none):
        assert await look(message_id, sms, NOON) is None
    assert (await stored(waits)).attempts == 0
    # Told once at seventy percent and once at a hundred, however often it is asked.
    assert await look(waits, sms, NOON + limits.BUDGET_LOOK) == limits.BUDGET_LOOK
    assert await journaled("message_budget.reached") == 2
    tomorrow = MIDNIGHT + timedelta(hours=8)
    assert await look(waits, sms, tomorrow) is None
    assert len(sent_to(emulator, LAN)) == 8


async def test_what_waits_for_the_budget_of_tomorrow_leaves_in_the_morning_and_not_at_midnight(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    centre, at = uuid.uuid4(), datetime(2026, 11, 25, 21, 0, tzinfo=ZONE)
    await give(centre, 1)
    await look(await of_centre(CAN_WAIT, centre, at, "dossier:1"), sms, at)
    waits = await of_centre(CAN_WAIT, centre, at, "dossier:2")

    looked = 0
    while (after := await look(waits, sms, at)) is not None:
        at += after
        looked += 1

    assert at == MORNING and len(sent_to(emulator, LAN)) == 2
    assert looked < 10, "nobody asks through the night"


async def test_a_budget_that_is_raised_lets_go_today_what_waited_for_it(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    centre = uuid.uuid4()
    await give(centre, 1)
    await look(await of_centre(CAN_WAIT, centre, NOON, "dossier:1"), sms, NOON)
    waits = await of_centre(CAN_WAIT, centre, NOON, "dossier:2")
    after = await look(waits, sms, NOON)

    await holds.put_budget(
        centre_id=centre, segments_per_day=2, expected_version=1, officer_id=centre, now=NOON
    )

    assert after is not None and after <= timedelta(minutes=10)
    assert await look(waits, sms, NOON + after) is None
    assert len(sent_to(emulator, LAN)) == 2


async def test_what_is_let_go_at_night_leaves_in_the_morning_unless_it_cannot_wait(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    evening, night = MIDNIGHT - timedelta(hours=3), MIDNIGHT - timedelta(minutes=30)
    waits, urgent = [await owe(template, LAN, evening) for template in (CAN_WAIT, CONFIRMED)]
    await hold("all")
    for message_id in (waits, urgent):
        assert await look(message_id, sms, evening) == limits.HOLD_LOOK
    await let_go("all")

    assert await look(waits, sms, night) == MORNING - night
    assert await look(urgent, sms, night) is None
    assert len(sent_to(emulator, LAN)) == 1
    assert await look(waits, sms, MORNING) is None
    assert len(sent_to(emulator, LAN)) == 2


@pytest.mark.parametrize(
    ("event_in", "sent"), [(None, 1), (timedelta(minutes=30), 1), (-timedelta(minutes=1), 0)]
)
async def test_what_is_of_no_use_in_the_morning_leaves_at_night_unless_it_is_of_none_now(
    database: object,
    sms: TwilioChannel,
    emulator: TwilioEmulator,
    event_in: timedelta | None,
    sent: int,
) -> None:
    """Two hours are its time: held from 21:20 on, let go at 21:40."""
    held_at, freed_at = MIDNIGHT - timedelta(minutes=160), MIDNIGHT - timedelta(minutes=140)
    late = await owe("home_visit_late", LAN, held_at)
    await hold("all")
    assert await look(late, sms, held_at) == limits.HOLD_LOOK
    await let_go("all")

    rest = None if event_in is None else Rest(event_at=freed_at + event_in)
    with contextlib.suppress(Later):
        await delivery.deliver(late, channel=sms, now=freed_at, rest=rest)

    assert len(sent_to(emulator, LAN)) == sent


async def test_nothing_leaves_while_everything_is_held_not_even_a_code(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    messages = [await owe(template, LAN, NOON) for template in ("otp", CONFIRMED, CAN_WAIT)]
    await hold("all")

    for message_id in messages:
        assert await look(message_id, sms, NOON) == timedelta(seconds=30)
    assert emulator.mailbox.all() == []
    assert [(await stored(message_id)).attempts for message_id in messages] == [0, 0, 0]

    await let_go("all")
    for message_id in messages:
        assert await look(message_id, sms, NOON + timedelta(seconds=30)) is None
    assert len(emulator.mailbox.all()) == 3


async def test_what_is_held_longer_than_it_is_of_use_ends_visibly(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    message_id = await owe("otp", LAN, NOON)
    await hold("all")
    await look(message_id, sms, NOON)
    await let_go("all")

    assert await look(message_id, sms, NOON + timedelta(minutes=5)) is None

    assert (await stored(message_id)).state == "expired"
    assert emulator.mailbox.all() == []


async def refuse(count: int, sms: TwilioChannel, now: datetime, *, begin: int = 0) -> None:
    """So many messages of one wording, each refused for it."""
    for n in range(begin, begin + count):
        await look(await owe(CONFIRMED, f"+8498000{n:04}", now, about=f"appointment:{n}"), sms, now)


@pytest.mark.parametrize("code", [21606, 21612, 30038])
async def test_three_refusals_of_a_wording_pause_it_and_no_other(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime, code: int
) -> None:
    await script(emulator, status=400, code=code)
    await refuse(2, sms, now)
    assert await journaled("message_template.paused") == 0
    await refuse(1, sms, now, begin=2)
    await script(emulator)

    fourth = await owe(CONFIRMED, LAN, now)
    another = await owe("appointment_cancelled", LAN, now)

    assert await look(fourth, sms, now) == timedelta(seconds=30)
    assert await calls(fourth) == []
    assert await look(another, sms, now) is None
    assert await journaled("message_template.paused") == 1
    await let_go(f"template:{CONFIRMED}")
    assert await look(fourth, sms, now + timedelta(seconds=30)) is None


async def test_three_refusals_at_once_pause_a_wording_as_well(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, status=400, code=21606)
    messages = [await owe(CONFIRMED, f"+8498000{n:04}", now, about=f"appointment:{n}") for n in range(3)]

    await asyncio.gather(*(look(message_id, sms, now) for message_id in messages))

    assert await look(await owe(CONFIRMED, LAN, now), sms, now) == timedelta(seconds=30)
    assert await journaled("message_template.paused") == 1


async def test_refusals_told_by_callbacks_pause_a_wording_too(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """30007: the operators' filters judge after the provider took it."""
    for n in range(3):
        message_id = await owe(CONFIRMED, f"+8498000{n:04}", now, about=f"appointment:{n}")
        await look(message_id, sms, now)
        await note_receipt(
            message_id=message_id, provider_id=f"SM{n}", status="undelivered", error_code="30007", now=now
        )

    assert await look(await owe(CONFIRMED, LAN, now), sms, now) == timedelta(seconds=30)
    assert sent_to(emulator, LAN) == []


@operation
async def take(
    sender: Sender, *, now: datetime, per_second: int = limits.PER_SECOND
) -> limits.Refused | None:
    return await limits.paced(sender, now=now, per_second=per_second)


async def test_a_senders_pace_is_ten_a_second_over_any_ten_seconds(database: object, now: datetime) -> None:
    granted = 0
    for tenth in range(0, 100, 5):
        at = now + timedelta(milliseconds=100 * tenth)
        while await take(Sender.NOTICES, now=at) is None:
            granted += 1

    # A hundred may be with the provider at the beginning, and ten more each second.
    assert 195 <= granted <= 201


async def test_another_sender_takes_more_a_second_as_the_settings_say(
    database: object, sms: TwilioChannel, now: datetime
) -> None:
    taken = 0
    while await take(Sender.NOTICES, now=now, per_second=30) is None:
        taken += 1
    notice = await owe(CONFIRMED, LAN, now)

    # Ten seconds' worth, and the next turn a thirtieth of a second away rather than a tenth.
    assert 300 <= taken <= 302
    with pytest.raises(Later) as waits:
        await delivery.deliver(notice, channel=sms, now=now, per_second=30)
    assert waits.value.after < timedelta(milliseconds=60)
    async with open_channels(Settings.from_environment({"TWILIO_PER_SECOND": "30"})) as channels:
        assert channels.sms_per_second == 30
    async with open_channels(Settings.from_environment({})) as channels:
        assert channels.sms_per_second == limits.PER_SECOND


async def test_a_code_does_not_wait_behind_a_mornings_notices(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """The turn of the notices is ten seconds away; the codes' is now, because their sender is another."""
    while await take(Sender.NOTICES, now=now) is None:
        pass
    notice = await owe(CONFIRMED, LAN, now)
    code = await owe("otp", magic("01"), now)

    wait = await look(notice, sms, now)
    assert await look(code, sms, now) is None

    assert wait is not None and timedelta() < wait <= timedelta(seconds=1)
    assert await calls(notice) == [] and len(sent_to(emulator, magic("01"))) == 1
    assert await look(notice, sms, now + wait) is None, "its turn comes when it was told"


async def test_a_host_whose_clock_was_ahead_holds_nobody_back(database: object, now: datetime) -> None:
    ahead = now + timedelta(minutes=5)
    while await take(Sender.NOTICES, now=ahead) is None:
        pass

    granted = 0
    while await take(Sender.NOTICES, now=now) is None:
        granted += 1

    assert 100 <= granted <= 102, "a burst, as if nobody had asked before"
