"""Several changes of a person's dossiers within ten minutes are one message, whatever happens meanwhile."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from app.core.clock import ZONE
from app.core.database import DB
from app.core.later import Later
from notifications import delivery, owed
from notifications.delivery import Carried
from notifications.digests.joining import Company
from notifications.digests.said import DIGEST, OTHERS_WITHIN
from notifications.emulator.server import TwilioEmulator
from notifications.events import MessageNotDelivered
from notifications.limits import HOLD_LOOK
from notifications.message_row import MessageRow
from notifications.policy import Rest
from notifications.port import Outgoing
from notifications.receipts import note_receipt
from notifications.templates import TEMPLATES
from notifications.twilio_channel import TwilioChannel
from notifications.ways import Way
from tests.notifications.conftest import LAN, calls, magic, script, sent_to, stored
from tests.notifications.test_digest_words import ACCEPTED, COMPLETED, RETURNED, number
from tests.notifications.test_listeners import facts
from tests.notifications.test_preferences import around

HOA = "+84912000111"
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
VALUES = {"time": "16:00 25/11/2026"}


async def owe(
    n: int,
    at: datetime,
    *,
    of: str = ACCEPTED,
    phone: str = LAN,
    version: int = 1,
    locale: str = "vi",
    way: Way = Way.SMS,
) -> uuid.UUID:
    return await delivery.owe(
        template=TEMPLATES[of],
        locale=locale,
        phone=phone,
        values=VALUES | {"number": number(n)},
        about=f"dossier:{n}",
        version=version,
        now=at,
        thing=f"dossier:{n}",
        carried=Carried(way),
        # At no hour of the machine anybody's quiet one.
        quiet=around(at, begins_in=20, ends_in=22),
    )


def awake(at: datetime) -> Rest:
    """At no hour of the machine anybody's quiet one."""
    return Rest(around(at, begins_in=10, ends_in=12))


async def look(
    message_id: uuid.UUID, sms: TwilioChannel, now: datetime, others: Sequence[uuid.UUID] = ()
) -> timedelta | None:
    """As its work does, which knows who else is still to be told; when to look again."""

    async def company() -> Company:
        return Company(DIGEST, others)

    try:
        await delivery.deliver(message_id, channel=sms, now=now, company=company, rest=awake(now))
    except Later as later:
        return later.after
    return None


async def look_at_all(
    ids: Sequence[uuid.UUID], sms: TwilioChannel, now: datetime
) -> list[timedelta | None]:
    return [await look(each, sms, now, ids) for each in ids]


async def stand(ids: Sequence[uuid.UUID], now: datetime) -> list[str]:
    return [(await owed.standing(each, now=now)).state for each in ids]


class Part(NamedTuple):
    state: str
    error_code: str
    part_of: uuid.UUID | None


async def part(message_id: uuid.UUID) -> Part:
    assert DB.pool is not None
    return Part(
        *await DB.pool.fetchrow("SELECT state, error_code, part_of FROM message WHERE id = $1", message_id)
    )


async def wholes() -> list[uuid.UUID]:
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT id FROM message WHERE template = $1 ORDER BY created_at, id", DIGEST.code
    )
    return [row["id"] for row in rows]


async def test_two_changes_within_ten_minutes_are_one_message(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    ids = [await owe(1, now), await owe(2, now + 9 * MINUTE)]

    early = await look_at_all(ids, sms, now + 9 * MINUTE)
    before = sent_to(emulator, LAN)
    late = await look_at_all(ids, sms, now + OTHERS_WITHIN)

    assert (early, before, late) == ([MINUTE, 10 * MINUTE], [], [None, None])
    (text,) = sent_to(emulator, LAN)
    assert "2 ho so co tin moi" in text and all(number(n) in text for n in (1, 2))
    # Each is owed as its own, and ended as a part of what went out.
    (whole,) = await wholes()
    assert [await part(each) for each in ids] == [("superseded", "joined", whole)] * 2
    assert await stand(ids, now + OTHERS_WITHIN) == ["accepted"] * 2
    assert await calls(whole) == ["accepted"]


async def test_what_somebody_waits_for_leaves_at_once_and_takes_along_what_waits(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    ids = [await owe(1, now), await owe(2, now + 3 * MINUTE, of=COMPLETED)]

    assert await look(ids[1], sms, now + 3 * MINUTE, ids) is None
    assert await look(ids[0], sms, now + OTHERS_WITHIN, ids) is None

    (text,) = sent_to(emulator, LAN)
    assert text.index(f"Da co ket qua: {number(2)}") < text.index(number(1))


async def test_what_comes_within_ten_minutes_of_one_that_left_goes_together_at_their_end(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    first = await owe(1, now, of=COMPLETED)
    assert await look(first, sms, now, [first]) is None
    ids = [await owe(n, now + n * MINUTE, of=COMPLETED) for n in (2, 5)]

    assert await look_at_all(ids, sms, now + 5 * MINUTE) == [5 * MINUTE] * 2
    assert await look_at_all(ids, sms, now + OTHERS_WITHIN) == [None] * 2

    own, together = sent_to(emulator, LAN)
    assert own == TEMPLATES[COMPLETED].render("vi", {"number": number(1)})
    assert "2 ho so" in together and number(1) not in together


async def test_one_alone_is_told_in_its_own_words(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    alone = await owe(1, now)

    assert await look(alone, sms, now, [alone]) == OTHERS_WITHIN
    assert await look(alone, sms, now + OTHERS_WITHIN, [alone]) is None

    assert sent_to(emulator, LAN) == [TEMPLATES[ACCEPTED].render("vi", VALUES | {"number": number(1)})]
    assert await wholes() == []


async def test_a_change_after_the_others_left_is_told_by_itself(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    ids = [await owe(n, now) for n in (1, 2)]
    await look_at_all(ids, sms, now + OTHERS_WITHIN)
    later = now + OTHERS_WITHIN + MINUTE

    own = await owe(3, later)

    assert await look(own, sms, later, [*ids, own]) == OTHERS_WITHIN
    assert await look(own, sms, later + OTHERS_WITHIN, [*ids, own]) is None
    assert [text.count("H42.10") for text in sent_to(emulator, LAN)] == [2, 1]


async def test_in_english_and_only_of_the_same_phone_language_and_way(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    ids = [
        await owe(1, now, locale="en"),
        await owe(2, now, locale="en"),
        await owe(3, now),
        await owe(4, now, phone=HOA),
        await owe(5, now, locale="en", way=Way.BRANDNAME),
    ]

    for each in ids[:4]:
        await look(each, sms, now + OTHERS_WITHIN, ids)

    both, alone = sent_to(emulator, LAN)
    assert both.startswith(f"Motcua: news of 2 dossiers. Accepted, promised: {number(1)} (")
    assert number(3) in alone and len(sent_to(emulator, HOA)) == 1
    assert (await stored(ids[4])).state == "ready"


async def test_many_who_bring_them_out_at_once_make_one_call(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    ids = [await owe(n, now) for n in range(4)]

    await asyncio.gather(*(look(each, sms, now + OTHERS_WITHIN, ids) for each in (*ids, *ids)))

    (text,) = sent_to(emulator, LAN)
    assert all(number(n) in text for n in range(4))
    assert len(await wholes()) == 1


async def test_many_owed_at_once_leave_in_two_messages_at_most(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """The first at once, as somebody waits for it; the others see it, however close behind."""
    ids = await asyncio.gather(*(owe(n, now, of=COMPLETED) for n in range(6)))

    await look_at_all(ids, sms, now)
    await look_at_all(ids, sms, now + OTHERS_WITHIN)

    texts = sent_to(emulator, LAN)
    assert len(texts) <= 2
    assert [sum(number(n) in text for text in texts) for n in range(6)] == [1] * 6


@pytest.mark.parametrize("taken", [False, True])
async def test_three_changes_around_a_crash_are_each_told_once(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime, taken: bool
) -> None:
    """Its worker dies in the call, before or after the provider took it; the third comes in between."""
    ids = [await owe(n, now - OTHERS_WITHIN) for n in (1, 2)]
    called = await delivery._begin(
        message_id=ids[0], now=now, company=Company(DIGEST, ids), rest=awake(now)
    )
    assert isinstance(called, MessageRow)
    if taken:
        await sms.send(Outgoing(called.id, called.attempts, called.phone, called.body, valid_for_s=600))
    ids.append(await owe(3, now + 5 * SECOND, of=COMPLETED))

    for after in (5 * SECOND, 26 * SECOND, 31 * SECOND, 125 * SECOND, 130 * SECOND, 11 * MINUTE):
        await look_at_all(ids, sms, now + after)

    texts = sent_to(emulator, LAN)
    assert sorted(text.count("H42.10") for text in texts) == [1, 2]
    assert [sum(number(n) in text for text in texts) for n in (1, 2, 3)] == [1] * 3
    assert await stand(ids, now + 11 * MINUTE) == ["accepted"] * 3


async def test_what_certainly_did_not_leave_takes_along_what_came_meanwhile(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    busy = magic("05")
    ids = [await owe(n, now - OTHERS_WITHIN, phone=busy) for n in (1, 2)]
    refused = await look(ids[0], sms, now, ids)
    ids.append(await owe(3, now, of=COMPLETED, phone=busy))

    assert refused is not None and sent_to(emulator, busy) == []
    for after in (MINUTE, 2 * MINUTE):
        await look_at_all(ids, sms, now + after)

    (text,) = sent_to(emulator, busy)
    assert all(number(n) in text for n in (1, 2, 3))
    assert len(await wholes()) == 1


async def test_of_one_dossier_only_its_newest_change_is_told(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    busy = magic("05")
    ids = [await owe(n, now - OTHERS_WITHIN, phone=busy) for n in (1, 2)]
    # It waits as a whole, of which a part is outdated by the time it leaves.
    await look(ids[0], sms, now, ids)
    ids.append(await owe(1, now, of=RETURNED, version=2, phone=busy))

    for after in (MINUTE, 2 * MINUTE):
        await look_at_all(ids, sms, now + after)

    (text,) = sent_to(emulator, busy)
    assert text.count(number(1)) == 1 and f"da tra ket qua: {number(1)}" in text and number(2) in text
    assert await part(ids[0]) == ("superseded", "newer", None)


async def test_what_is_sent_once_more_tells_only_what_still_holds_and_nothing_new(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """The phone was off: a quarter of an hour later only who looks after all messages works on these."""
    ids = [await owe(n, now) for n in (1, 2)]
    now += OTHERS_WITHIN
    await look_at_all(ids, sms, now)
    (whole,) = await wholes()
    await unreached(whole, now)
    newer = await owe(1, now + 11 * MINUTE, of=RETURNED, version=2)

    await delivery.deliver(whole, channel=sms, now=now + 16 * MINUTE, rest=awake(now))

    again = sent_to(emulator, LAN)[-1]
    assert number(2) in again and number(1) not in again
    assert (await stored(newer)).state == "ready"
    assert [await part(each) for each in ids] == [
        ("superseded", "newer", None),
        ("superseded", "joined", whole),
    ]


async def unreached(message_id: uuid.UUID, now: datetime) -> None:
    assert await note_receipt(
        message_id=message_id,
        provider_id=(await stored(message_id)).provider_id or "",
        status="undelivered",
        error_code="30003",
        now=now,
    )


async def test_when_everything_in_it_is_outdated_nothing_leaves(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    ids = [await owe(n, now) for n in (1, 2)]
    now += OTHERS_WITHIN
    await look_at_all(ids, sms, now)
    (whole,) = await wholes()
    await unreached(whole, now)
    for n in (1, 2):
        await owe(n, now, of=RETURNED, version=2)

    with pytest.raises(Later):
        await delivery.deliver(whole, channel=sms, now=now + 16 * MINUTE, rest=awake(now))

    assert len(sent_to(emulator, LAN)) == 1
    assert (await part(whole))[:2] == ("superseded", "empty")


@pytest.mark.parametrize("held", [ACCEPTED, DIGEST.code])
async def test_a_wording_that_is_held_does_not_leave_among_others(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime, held: str
) -> None:
    ids = [await owe(1, now), await owe(2, now, of=RETURNED), await owe(3, now, of=RETURNED)]
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO message_hold (scope, reason, since) VALUES ('template:' || $1, 'test', $2)", held, now
    )

    await look_at_all(ids, sms, now + OTHERS_WITHIN)

    counts = [text.count("H42.10") for text in sent_to(emulator, LAN)]
    assert counts == ([2] if held == ACCEPTED else [1, 1, 1])


async def test_how_long_a_whole_was_held_is_not_how_long_its_way_took_nothing(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    """It waits as a whole; also when it is made anew, of parts that were owed hours ago."""
    busy = magic("05")
    ids = [await owe(n, now - OTHERS_WITHIN, phone=busy) for n in (1, 2)]
    await look(ids[0], sms, now, ids)
    assert DB.pool is not None
    await DB.pool.execute("INSERT INTO message_hold (scope, reason, since) VALUES ('all', 'test', $1)", now)

    later = now + timedelta(hours=3)
    assert await look_at_all(ids, sms, later) == [HOLD_LOOK] * 2
    await DB.pool.execute("DELETE FROM message_hold")
    later += HOLD_LOOK
    await look(ids[0], sms, later, ids)  # busy once more

    assert sent_to(emulator, busy) == []
    assert [(await owed.standing(each, now=later)).waited for each in ids] == [timedelta()] * 2
    assert await look_at_all(ids, sms, later + MINUTE) == [None] * 2
    assert len(sent_to(emulator, busy)) == 1


@pytest.mark.parametrize("how", ["withdrawn", "another way"])
async def test_what_is_taken_out_of_a_whole_that_waits_is_not_told_in_it(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime, how: str
) -> None:
    busy = magic("05")
    ids = [await owe(n, now - OTHERS_WITHIN, phone=busy) for n in (1, 2, 3)]
    await look(ids[0], sms, now, ids)
    known = {"template": TEMPLATES[ACCEPTED], "phone": busy, "about": "dossier:2", "version": 1}

    if how == "withdrawn":
        await owed.withdraw(**known)  # type: ignore[arg-type]
    else:
        await owed.leave(**known, way=Way.SMS)  # type: ignore[arg-type]
    for after in (MINUTE, 2 * MINUTE):
        await look_at_all([ids[0], ids[2]], sms, now + after)

    (text,) = sent_to(emulator, busy)
    assert number(2) not in text and number(1) in text and number(3) in text
    expected = "superseded" if how == "withdrawn" else "gave_up"
    assert await stand(ids, now) == ["accepted", expected, "accepted"]


async def test_a_whole_nothing_is_left_in_ends(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    busy = magic("05")
    ids = [await owe(n, now - OTHERS_WITHIN, phone=busy) for n in (1, 2)]
    await look(ids[0], sms, now, ids)

    for n in (1, 2):
        await owed.withdraw(template=TEMPLATES[ACCEPTED], phone=busy, about=f"dossier:{n}", version=1)

    (whole,) = await wholes()
    assert (await part(whole))[:2] == ("superseded", "empty")
    assert await look_at_all(ids, sms, now + MINUTE) == [None, None]
    assert sent_to(emulator, busy) == []


async def test_when_it_does_not_arrive_each_is_told_of_to_whoever_has_another_way(
    database: object, sms: TwilioChannel, now: datetime
) -> None:
    nobody = magic("15")
    ids = [await owe(n, now, phone=nobody) for n in (1, 2)]

    await look_at_all(ids, sms, now + OTHERS_WITHIN)

    assert await stand(ids, now) == ["rejected"] * 2
    told = [fact for fact in await facts(MessageNotDelivered.kind) if isinstance(fact, MessageNotDelivered)]
    assert {(fact.message_id, fact.template, fact.code) for fact in told} == {
        (each, ACCEPTED, "21614") for each in ids
    }
    assert len(told) == 2


async def test_many_told_in_one_are_one_of_the_ten_a_day(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    ids = [await owe(n, now) for n in range(12)]

    await look_at_all(ids, sms, now + OTHERS_WITHIN)

    assert DB.pool is not None
    counted = await DB.pool.fetchval("SELECT count(accepted_at) FROM message WHERE phone = $1", LAN)
    (text,) = sent_to(emulator, LAN)
    assert counted == 1 and "12 ho so" in text and "ho so khac" in text


async def test_what_waited_for_the_morning_leaves_in_one(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator
) -> None:
    night = datetime(2026, 11, 24, 23, 0, tzinfo=ZONE)
    morning = datetime(2026, 11, 25, 6, 30, tzinfo=ZONE)
    ids = [
        await delivery.owe(
            template=TEMPLATES[COMPLETED],
            locale="vi",
            phone=LAN,
            values={"number": number(n)},
            about=f"dossier:{n}",
            version=1,
            now=night + n * timedelta(hours=1),
        )
        for n in range(3)
    ]

    assert await look(ids[0], sms, night, ids) == morning - night
    assert await look_at_all(ids, sms, morning) == [None] * 3

    (text,) = sent_to(emulator, LAN)
    assert text.count("H42.10") == 3


async def test_a_whole_whose_answer_was_lost_is_asked_about_and_not_sent_again(
    database: object, sms: TwilioChannel, emulator: TwilioEmulator, now: datetime
) -> None:
    await script(emulator, LAN, then="cut", times=1)
    ids = [await owe(n, now - OTHERS_WITHIN) for n in (1, 2)]

    for after in (timedelta(), 31 * SECOND, 3 * MINUTE):
        await look_at_all(ids, sms, now + after)

    assert len(sent_to(emulator, LAN)) == 1
    assert await stand(ids, now) == ["accepted"] * 2
