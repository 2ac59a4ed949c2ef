"""I1 to I9, checked after every cell: from what clients were told, what provider and partner got, and SQL.

Each check returns what it found wrong, in words; nothing means that it holds.
"""

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import asyncpg
import httpx

from app.core.database import DB
from app.custody import audit
from app.faults.house import House
from app.faults.load import Acknowledged, Load

# Calls that could each have produced a message, for one message (a confirmation may be sent again twice).
MOST_SENDS: Final = 3
# A claim may be as old as its lease and one round of whoever takes it over.
LEASE_AND_SWEEP: Final = "20 seconds"
READY_AGAIN_WITHIN_S: Final = 30.0
REPLAYS_AT_ONCE: Final = 8
MOST_TOLD: Final = 5
LOOKED_AT_WITHIN_S: Final = 120.0
# What somebody gets who asks a house that was not mended.
AWAY: Final = (TimeoutError, OSError, httpx.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError)
# Telephones and the last parts of tokens are made of these.
RUN: Final = re.compile(r"[A-Za-z0-9_-]{9,}")
ENDED_VISIBLY: Final = ("rejected", "gave_up", "expired", "superseded", "undelivered", "cancelled")

DRIFT: Final = """
SELECT slot.id FROM slot LEFT JOIN (
    SELECT slot_id, count(*) AS held FROM appointment_slot GROUP BY slot_id) AS counted ON slot_id = slot.id
 WHERE taken_online + taken_partner + taken_staff <> coalesce(held, 0)
   AND pool_id IN (SELECT id FROM pool WHERE kind = 'counter')
"""
CONFIRMATIONS: Final = """
SELECT asked.id, count(message.id) AS owed, min(message.state) AS state, min(message.body) AS body,
       min(message.error_code) AS code
  FROM unnest($1::text[]) AS asked (id)
  LEFT JOIN message ON about = 'appointment:' || asked.id AND template = 'appointment_confirmed'
 GROUP BY asked.id
"""
FOR_NOBODY: Final = """
SELECT message.about FROM message WHERE template = 'appointment_confirmed' AND NOT EXISTS
    (SELECT FROM appointment WHERE 'appointment:' || id = about
      AND state IN ('confirmed', 'arrived', 'served', 'missed', 'cancelled'))
"""
TWO_OF_ONE_KEY: Final = """
SELECT citizen_id FROM appointment WHERE state IN ('held', 'confirmed') AND citizen_id = ANY($1)
 GROUP BY citizen_id HAVING count(*) > 1
"""
OWED_EVENTS: Final = """
SELECT event.id::text AS id, subject, subject_seq FROM partner_event event
 WHERE seq > $1 AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = event.id
   AND d.outcome = 'skipped') ORDER BY seq
"""

Check = Callable[[House, Load, "Seen"], Awaitable[list[str]]]


class Seen:
    """What a cell adds to the check: how long being ready took, and what it excuses."""

    def __init__(self, *, events_after: int = 0) -> None:
        self.ready_after_s: float | None = None
        self.events_after = events_after


async def _acknowledged(house: House, load: Load, _seen: Seen) -> list[str]:
    """I1: what was answered 2xx stands, and is answered again to the byte."""
    wrong: list[str] = []
    turns = asyncio.Semaphore(REPLAYS_AT_ONCE)

    async def again(known: Acknowledged) -> None:
        async with turns:
            answer = await load.once(known.path, known.headers, known.body)
            for _ in range(3):
                if answer is not None and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
                await asyncio.sleep(0.5)
                answer = await load.once(known.path, known.headers, known.body)
        if answer is None:
            wrong.append(f"{known.path}: no answer to a replay")
        elif (answer.status_code, answer.content) != (known.status, known.answer):
            wrong.append(f"{known.path}: {known.status} became {answer.status_code}: {answer.text[:120]}")

    await asyncio.gather(*(again(known) for known in load.acknowledged))
    states = await house.rows(
        "SELECT asked.id, state FROM unnest($1::text[]) AS asked (id)"
        " LEFT JOIN appointment ON appointment.id::text = asked.id",
        [appointment for appointment, _, _ in load.confirmed],
    )
    wrong += [f"appointment {row['id']} is {row['state']}" for row in states if row["state"] != "confirmed"]
    people = await house.rows(TWO_OF_ONE_KEY, await _citizens_of(house, load))
    return wrong + [f"citizen {row['citizen_id']} has two appointments" for row in people]


async def _citizens_of(house: House, load: Load) -> list[Any]:
    rows = await house.rows(
        "SELECT DISTINCT citizen_id FROM appointment WHERE id::text = ANY($1)",
        [appointment for appointment, _, _ in load.confirmed],
    )
    return [row["citizen_id"] for row in rows]


async def _seats(house: House, _load: Load, _seen: Seen) -> list[str]:
    """I2: no slot ever had more than its places (a trigger looked), and counters are what holds them."""
    over = await house.rows("SELECT slot_id, taken, capacity FROM faults_oversold LIMIT 5")
    drift = await house.rows(DRIFT)
    return [f"slot {row['slot_id']} had {row['taken']} of {row['capacity']}" for row in over] + [
        f"slot {row['id']} counts other than it holds" for row in drift[:MOST_TOLD]
    ]


async def _messages(house: House, load: Load, _seen: Seen) -> list[str]:
    """I3: one confirmation owed for each booking; accepted once to N times, or visibly ended."""
    rows = await house.rows(CONFIRMATIONS, [appointment for appointment, _, _ in load.confirmed])
    phones = {appointment: phone for appointment, phone, _ in load.confirmed}
    sent = Counter((message["to"], message["body"]) for message in await house.sms_log())
    wrong: list[str] = []
    for row in rows:
        if row["owed"] != 1:
            wrong.append(f"appointment {row['id']} has {row['owed']} confirmations")
            continue
        times = sent[("+84" + phones[row["id"]][1:], row["body"])]
        if times > MOST_SENDS:
            wrong.append(f"appointment {row['id']}: sent {times} times")
        elif times == 0 and row["state"] not in ENDED_VISIBLY:
            wrong.append(f"appointment {row['id']}: never sent, and {row['state']} {row['code']}")
    nobody = await house.rows(FOR_NOBODY)
    return wrong + [f"{row['about']} was told of and does not stand" for row in nobody]


async def _webhooks(house: House, _load: Load, seen: Seen) -> list[str]:
    """I4: each event at least once, firsts in order of their subject, every repetition the same bytes."""
    if not house.partner.wanted:
        return []
    events = await house.rows(OWED_EVENTS, seen.events_after)
    heard = house.partner.heard
    taken = {each.id for each in heard if each.status < 300}
    wrong = [
        f"event {row['id']} ({row['subject']} {row['subject_seq']}) never arrived"
        for row in events
        if row["id"] not in taken | house.partner.excused
    ]
    bodies: dict[str, bytes] = {}
    last: dict[str, int] = defaultdict(int)
    wrong += [
        f"event {each.id} came with two bodies"
        for each in heard
        if bodies.setdefault(each.id, each.body) != each.body
    ]
    firsts: set[str] = set()
    for each in heard:
        if each.status >= 300 or each.id in firsts:
            continue
        firsts.add(each.id)
        if each.sequence < last[each.subject]:
            wrong.append(f"{each.subject}: {each.sequence} came after {last[each.subject]}")
        last[each.subject] = max(last[each.subject], each.sequence)
    return wrong


async def _couriers(house: House, _load: Load, _seen: Seen) -> list[str]:
    """I5: nobody is waited for by two couriers, and a promised visit has one."""
    two = await house.rows(
        "SELECT home_visit_id FROM assignment WHERE state = 'active' GROUP BY 1 HAVING count(*) > 1"
    )
    none = await house.rows(
        "SELECT id FROM home_visit v WHERE state = 'assigned' AND NOT EXISTS"
        " (SELECT FROM assignment a WHERE a.home_visit_id = v.id AND a.state = 'active')"
    )
    return [f"visit {row[0]} has two couriers" for row in two] + [
        f"visit {row[0]} is assigned to nobody" for row in none
    ]


async def _leases(house: House, _load: Load, _seen: Seen) -> list[str]:
    """I6: nothing is claimed by nobody."""
    rows = await house.rows(
        "SELECT id, subscriber FROM outbox_work WHERE state = 'claimed'"
        f" AND lease_until < clock_timestamp() - interval '{LEASE_AND_SWEEP}'"
    )
    dead = await house.rows(
        "SELECT id, subscriber, last_error FROM outbox_work WHERE state = 'dead' LIMIT 5"
    )
    return [f"work {row['id']} of {row['subscriber']} is held by nobody" for row in rows] + [
        f"work {row['id']} of {row['subscriber']} is dead: {row['last_error']}" for row in dead
    ]


async def _chains(house: House, _load: Load, _seen: Seen) -> list[str]:
    """I7: every chain of custody and every signed head verifies."""
    await DB.open(house.servers.database_url, size=2)
    try:
        report = await audit.verify()
    finally:
        await DB.close()
    return [f"{fault.row} {fault.id}: {fault.what}" for fault in report.faults[:MOST_TOLD]]


async def _silence(house: House, load: Load, _seen: Seen) -> list[str]:
    """I8: no telephone, token or secret of this run stands in any log."""
    secrets = {
        str(house.supervisor.settings.twilio.auth_token),
        house.partner.office.secret,
        _password(house.servers.database_url),
        _password(house.servers.redis_url),
    } - {""}
    files = (house.log, *house.folder.glob("servers/*/*.log"), *house.folder.glob("*/*.log"))
    return await asyncio.to_thread(told_by, files, load.canaries, secrets)


def told_by(files: Iterable[Path], canaries: AbstractSet[str], secrets: AbstractSet[str]) -> list[str]:
    """Which file tells which word. Thousands are looked for, so a log is cut into pieces of their lengths
    and read once.
    """
    wrong: list[str] = []
    lengths = {len(word) for word in canaries}
    for file in files:
        text = file.read_text(errors="replace")
        pieces = (
            run[at : at + n]
            for run in set(RUN.findall(text))
            for n in lengths
            for at in range(len(run) - n + 1)
        )
        found = {each for each in pieces if each in canaries} | {word for word in secrets if word in text}
        wrong += [f"{file.name} tells {word[:4]}…" for word in sorted(found)]
    return wrong


def _password(url: str) -> str:
    return httpx.URL(url).password


async def _ready(house: House, load: Load, seen: Seen) -> list[str]:
    """I9: ready by itself within thirty seconds of this machine's; answers were 503 with a time, never 500;
    nobody was left without one.
    """
    wrong = load.strange[:MOST_TOLD]
    if seen.ready_after_s is None or seen.ready_after_s > READY_AGAIN_WITHIN_S * house.pace:
        wrong.append(f"ready after {seen.ready_after_s} s")
    if load.unasked_waits:
        wrong.append(f"{load.unasked_waits} answers told to wait and not how long")
    if load.unanswered:
        wrong.append(f"{load.unanswered} requests were never answered")
    return wrong


INVARIANTS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "I1": _acknowledged,
        "I2": _seats,
        "I3": _messages,
        "I4": _webhooks,
        "I5": _couriers,
        "I6": _leases,
        "I7": _chains,
        "I8": _silence,
        "I9": _ready,
    }
)


async def check(house: House, load: Load, seen: Seen) -> dict[str, Sequence[str]]:
    """What is wrong, by invariant; only those that do not hold."""
    found: dict[str, Sequence[str]] = {}
    for name, look in INVARIANTS.items():
        try:
            async with asyncio.timeout(LOOKED_AT_WITHIN_S) as bound:
                wrong = await look(house, load, seen)
        except AWAY as reason:
            late = f"took longer than {LOOKED_AT_WITHIN_S:.0f} s"
            wrong = [f"cannot be looked at: {late if bound.expired() else repr(reason)}"]
        if wrong:
            found[name] = [
                *wrong[:MOST_TOLD],
                *([f"… {len(wrong)} in all"] if len(wrong) > MOST_TOLD else []),
            ]
    return found
