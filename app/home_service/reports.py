"""What devices reported, as it is stored: kept by its id, with its times, until it can be applied."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from app.core.canonical import canonical
from app.core.database import in_transaction
from app.home_service import clocks, folding
from app.home_service.clocks import EARLY_AT_THE_DOOR, Reading, Timed
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Report, is_at_the_door

# Money was taken by whoever took it, and the chain of custody says who may move papers, not the plan.
WHOEVER: Final = frozenset({Report.FEE_COLLECTED, Report.REACHED_HUB, Report.DELIVERED, Report.RETURNED})


class Device(NamedTuple):
    """What a device says of itself and its clock, as far as it does."""

    sent_at: datetime | None = None
    device_id: str | None = None
    boot_id: str | None = None
    monotonic_ms: int | None = None


class PartnerEvent(NamedTuple):
    """One event as a courier's device made it; `task_id` is the home visit."""

    event_id: uuid.UUID
    task_id: uuid.UUID
    type: Report
    occurred_at: datetime
    device_seq: int
    courier: str
    lat: float | None
    lon: float | None
    data: dict[str, Any]
    device: Device = Device()
    timed: Timed | None = None

    def reading(self) -> Reading:
        """What its clock says; a counter counts for one device of one courier."""
        boot = self.device.boot_id and (self.courier, self.device.device_id, self.device.boot_id)
        return Reading(self.occurred_at, boot, self.device.monotonic_ms)

    def digest(self) -> bytes:
        """Its content, to tell a repetition from a reused id; when it was sent is no part of it."""
        return hashlib.sha256(
            canonical(
                {
                    "task": str(self.task_id),
                    "type": self.type.value,
                    "occurred_at": self.occurred_at.isoformat(),
                    "seq": self.device_seq,
                    "courier": self.courier,
                    "data": self.data,
                }
            )
        ).digest()


class Known(NamedTuple):
    """An event that was stored before."""

    home_visit_id: uuid.UUID
    digest: bytes
    refused: str | None
    applied_as: int | None
    fate: str | None


class Stored(NamedTuple):
    """An event of the fold."""

    event_id: uuid.UUID
    courier_id: uuid.UUID
    type: Report
    effective_at: datetime
    received_at: datetime
    device_seq: int
    data: dict[str, Any]


class Waiting(NamedTuple):
    """What was reported of a visit and not applied: by whom the papers or the visit are with now, and by
    couriers of before.
    """

    present: Sequence[Stored]
    former: Sequence[Stored]

    def has(self, event_id: uuid.UUID) -> bool:
        """It may still be applied in its turn."""
        return any(event.event_id == event_id for event in self.present)


def timed(events: Sequence[PartnerEvent], *, now: datetime) -> list[PartnerEvent]:
    """The events of one batch, each with when it effectively happened."""
    sent_at = events[0].device.sent_at if events else None
    read = clocks.read([event.reading() for event in events], sent_at=sent_at, received_at=now)
    return [event._replace(timed=one) for event, one in zip(events, read, strict=True)]


async def known(partner_id: uuid.UUID, event_id: uuid.UUID) -> Known | None:
    row = await in_transaction().fetchrow(
        "SELECT home_visit_id, digest, refused, applied_as, fate FROM visit_event"
        " WHERE partner_id = $1 AND event_id = $2",
        partner_id,
        event_id,
    )
    return None if row is None else Known(*row)


async def keep(
    partner_id: uuid.UUID,
    courier_id: uuid.UUID,
    visit: HomeVisitRow,
    event: PartnerEvent,
    now: datetime,
    *,
    refused: str | None,
) -> Timed | None:
    """Store it with its times; None when its id was used for another visit at this very moment."""
    [event] = [event] if event.timed else timed([event], now=now)
    assert event.timed is not None
    judged = await _judged(visit, courier_id, event, event.timed, now)
    tag = await in_transaction().execute(
        "INSERT INTO visit_event (event_id, partner_id, home_visit_id, courier_id, type,"
        " occurred_at, received_at, device_seq, clock_suspect, lat, lon, data, digest,"
        " refused, sent_at, effective_at, device_id, boot_id, monotonic_ms)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)"
        " ON CONFLICT DO NOTHING",
        event.event_id,
        partner_id,
        event.task_id,
        courier_id,
        event.type.value,
        event.occurred_at,
        now,
        event.device_seq,
        judged.suspect,
        event.lat,
        event.lon,
        msgspec.json.encode(event.data).decode(),
        event.digest(),
        refused,
        event.device.sent_at,
        judged.effective_at,
        event.device.device_id,
        event.device.boot_id,
        event.device.monotonic_ms,
    )
    return judged if tag == "INSERT 0 1" else None


async def _judged(
    visit: HomeVisitRow, courier_id: uuid.UUID, event: PartnerEvent, timed: Timed, now: datetime
) -> Timed:
    """Held against the visit: nobody reports it before it was made, or is at its door hours too early;
    and its neighbours by the device's count, as far as their own clocks are trusted, come before and after.
    """
    neighbours = await in_transaction().fetchrow(
        "SELECT max(effective_at) FILTER (WHERE device_seq < $3) AS before,"
        " min(effective_at) FILTER (WHERE device_seq > $3) AS after FROM visit_event"
        " WHERE home_visit_id = $1 AND courier_id = $2 AND NOT clock_suspect AND refused IS NULL"
        " AND device_id IS NOT DISTINCT FROM $4",
        visit.id,
        courier_id,
        event.device_seq,
        event.device.device_id,
    )
    assert neighbours is not None
    earliest = visit.created_at
    opens = visit.starts_at - EARLY_AT_THE_DOOR
    if is_at_the_door(Kind(visit.kind), event.type) and now >= opens:
        earliest = max(earliest, opens)
    return clocks.within(
        timed,
        earliest=earliest,
        before=neighbours["before"],
        after=neighbours["after"],
        received_at=now,
    )


async def waiting(visit: HomeVisitRow) -> Waiting:
    """What may still be applied. A late word of an earlier attempt may not; money may at any time."""
    rows = await in_transaction().fetch(
        "SELECT event_id, courier_id, type, coalesce(effective_at, occurred_at) AS effective_at,"
        " received_at, device_seq, data,"
        " (courier_id = $2 OR courier_id::text = (SELECT custodian_id FROM package WHERE"
        "   package.home_visit_id = $1 AND custodian_kind = 'courier' LIMIT 1)) AS present,"
        " coalesce((SELECT max(device_seq) FROM visit_event done WHERE done.home_visit_id = $1"
        "   AND done.courier_id = visit_event.courier_id AND done.applied_as IS NOT NULL"
        "   AND done.type <> 'fee_collected'), -1) AS reached FROM visit_event"
        " WHERE home_visit_id = $1 AND applied_as IS NULL AND refused IS NULL",
        visit.id,
        visit.courier_id,
    )
    present: list[Stored] = []
    former: list[Stored] = []
    for row in rows:
        event = Stored(
            row["event_id"],
            row["courier_id"],
            Report(row["type"]),
            row["effective_at"],
            row["received_at"],
            row["device_seq"],
            msgspec.json.decode(row["data"]),
        )
        if folding.still_counts(event, reached=row["reached"]):
            here = row["present"] or event.type in WHOEVER
            (present if here else former).append(event)
    return Waiting(present, former)


async def mark_applied(home_visit_id: uuid.UUID, event_id: uuid.UUID, *, conflict: bool) -> None:
    """It has its place in the story; `conflict` when it went against what had been decided."""
    await in_transaction().execute(
        "UPDATE visit_event SET fate = $3, applied_as ="
        " (SELECT coalesce(max(applied_as), 0) + 1 FROM visit_event WHERE home_visit_id = $1)"
        " WHERE home_visit_id = $1 AND event_id = $2",
        home_visit_id,
        event_id,
        "conflict" if conflict else None,
    )


async def set_fate(home_visit_id: uuid.UUID, event_id: uuid.UUID, fate: str) -> None:
    await in_transaction().execute(
        "UPDATE visit_event SET fate = $3 WHERE home_visit_id = $1 AND event_id = $2",
        home_visit_id,
        event_id,
        fate,
    )


async def counted_by(home_visit_id: uuid.UUID, sealed: Stored) -> dict[str, Any]:
    """What whoever sealed had counted before, applied or not."""
    data = await in_transaction().fetchval(
        "SELECT data FROM visit_event WHERE home_visit_id = $1 AND courier_id = $2 AND type = 'counted'"
        " AND device_seq < $3 AND refused IS NULL ORDER BY device_seq DESC LIMIT 1",
        home_visit_id,
        sealed.courier_id,
        sealed.device_seq,
    )
    return msgspec.json.decode(data, type=dict[str, Any]) if data else {}


async def attempts(home_visit_id: uuid.UUID) -> int:
    """How often somebody stood at the door in vain."""
    return int(
        await in_transaction().fetchval(
            "SELECT count(*) FROM visit_event WHERE home_visit_id = $1 AND type = 'attempt_failed'"
            " AND applied_as IS NOT NULL",
            home_visit_id,
        )
    )


async def visits_waiting(
    *, partner_id: uuid.UUID | None, received_before: datetime, limit: int
) -> Sequence[uuid.UUID]:
    """Visits with reports that wait for others, the oldest first."""
    rows = await in_transaction().fetch(
        "SELECT home_visit_id FROM visit_event WHERE applied_as IS NULL AND refused IS NULL"
        " AND fate IS NULL AND received_at <= $2 AND ($1::uuid IS NULL OR partner_id = $1)"
        " GROUP BY home_visit_id ORDER BY min(received_at) LIMIT $3",
        partner_id,
        received_before,
        limit,
    )
    return [row["home_visit_id"] for row in rows]


async def waiting_since(
    home_visit_id: uuid.UUID, *, before: datetime
) -> Sequence[tuple[uuid.UUID, Report]]:
    rows = await in_transaction().fetch(
        "SELECT event_id, type FROM visit_event WHERE home_visit_id = $1 AND applied_as IS NULL"
        " AND refused IS NULL AND fate IS NULL AND received_at <= $2 ORDER BY received_at, event_id",
        home_visit_id,
        before,
    )
    return [(row["event_id"], Report(row["type"])) for row in rows]
