"""What a courier reports: stored by its id, then everything that can be applied is applied, in order.

Events come twice and in any order, hours late from places without signal. The visit's state is a fold over
what was stored: an event whose predecessor is missing waits in the table until it arrives.
"""

import hashlib
import hmac
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec
import rfc8785

from app.core import journal
from app.core.canonical import canonical
from app.core.database import in_transaction
from app.core.errors import Refusal
from app.core.operation import operation
from app.custody import steps as custody
from app.custody.steps import Moment, Paper, Party
from app.dossiers import steps as dossiers
from app.home_service import facts, folding, queries, rules
from app.home_service.events import (
    HomeVisitCollected,
    HomeVisitDelivered,
    HomeVisitEnRoute,
    HomeVisitFact,
    HomeVisitFailed,
)
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Report, State
from app.home_service.steps import give_to_courier, locked, set_state, tell
from app.rounds import queries as rounds
from app.rounds import steps as round_steps
from app.rounds.queries import CourierRow


class Outcome(StrEnum):
    """The answer to one event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


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


class Answer(NamedTuple):
    """What became of an event. `reason` is a stable code."""

    event_id: uuid.UUID
    outcome: Outcome
    reason: str | None = None


class _Stored(NamedTuple):
    """An event of the fold."""

    event_id: uuid.UUID
    type: Report
    occurred_at: datetime
    received_at: datetime
    device_seq: int
    data: dict[str, Any]


TOLD: Final[dict[State, type[HomeVisitFact]]] = {
    State.EN_ROUTE: HomeVisitEnRoute,
    State.SEALED: HomeVisitCollected,
    State.DELIVERED: HomeVisitDelivered,
    State.FAILED: HomeVisitFailed,
    State.ATTEMPT_FAILED: HomeVisitFailed,
}


@operation
async def apply_partner_event(*, partner_id: uuid.UUID, event: PartnerEvent, now: datetime) -> Answer:
    """Store one event and fold it in. Never raises for what a courier did: the answer says it."""
    try:
        digest = _digest(event)
    except (ValueError, rfc8785.CanonicalizationError):
        return Answer(event.event_id, Outcome.REJECTED, "invalid_fact")
    # The visit is locked first: eight copies of a report at once are one report and seven duplicates.
    visit = await _visit(event.task_id)
    known = await _known(partner_id, event, digest)
    if known is not None:
        return known
    courier = await _courier(partner_id, event.courier)
    if courier is None or visit is None or not await _is_theirs(visit, courier):
        return Answer(event.event_id, Outcome.REJECTED, "not_your_task")
    wrong = facts.fault(Kind(visit.kind), event.type, event.data)
    if wrong is None:
        # A wrong code is remembered: sent again it is the same wrong code, not another try.
        wrong = await _code_fault(visit, event)
        if not await _store(partner_id, courier, event, digest, now, refused=wrong):
            wrong = "id_reuse"
    if wrong is not None:
        return Answer(event.event_id, Outcome.REJECTED, wrong)
    reason = await _fold(visit, courier, event.event_id, now)
    refused = reason is not None and event.type not in rules.PHYSICAL
    return Answer(event.event_id, Outcome.REJECTED if refused else Outcome.APPLIED, reason)


async def _known(partner_id: uuid.UUID, event: PartnerEvent, digest: bytes) -> Answer | None:
    """Seen before: the same content is a duplicate, another content is a reused id."""
    stored = await in_transaction().fetchrow(
        "SELECT digest, refused FROM visit_event WHERE partner_id = $1 AND event_id = $2",
        partner_id,
        event.event_id,
    )
    if stored is None:
        return None
    if stored["digest"] == digest and stored["refused"] is not None:
        return Answer(event.event_id, Outcome.REJECTED, stored["refused"])
    if stored["digest"] == digest:
        return Answer(event.event_id, Outcome.DUPLICATE)
    return Answer(event.event_id, Outcome.REJECTED, "id_reuse")


async def _courier(partner_id: uuid.UUID, external_id: str) -> CourierRow | None:
    try:
        return await rounds.courier(partner_id, external_id)
    except Refusal:
        return None


async def _visit(home_visit_id: uuid.UUID) -> HomeVisitRow | None:
    """Locked: two batches about one visit fold one after the other."""
    try:
        return await locked(home_visit_id)
    except Refusal:
        return None


async def _is_theirs(visit: HomeVisitRow, courier: CourierRow) -> bool:
    """Assigned now, or at some time: what somebody did before a swap is still a fact."""
    return bool(
        await in_transaction().fetchval(
            "SELECT 1 FROM assignment WHERE home_visit_id = $1 AND courier_id = $2 LIMIT 1",
            visit.id,
            courier.id,
        )
    )


async def _code_fault(visit: HomeVisitRow, event: PartnerEvent) -> str | None:
    """A delivery needs the citizen's code, or an authorised receiver with a named proof."""
    if event.type is not Report.DELIVERED or "authorisation" in event.data:
        return None
    if visit.wrong_codes >= rules.WRONG_CODES_ALLOWED:
        return "too_many_wrong_codes"
    given = str(event.data.get("code", ""))
    if hmac.compare_digest(given.encode(), queries.hand_over_code(visit.id).encode()):
        return None
    await in_transaction().execute(
        "UPDATE home_visit SET wrong_codes = wrong_codes + 1 WHERE id = $1", visit.id
    )
    return "wrong_code"


async def _store(
    partner_id: uuid.UUID,
    courier: CourierRow,
    event: PartnerEvent,
    digest: bytes,
    now: datetime,
    *,
    refused: str | None,
) -> bool:
    """Keep it; False when its id was used for another visit at this very moment."""
    tag = await in_transaction().execute(
        "INSERT INTO visit_event (event_id, partner_id, home_visit_id, courier_id, type,"
        " occurred_at, received_at, device_seq, clock_suspect, lat, lon, data, digest,"
        " refused)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14) ON CONFLICT DO NOTHING",
        event.event_id,
        partner_id,
        event.task_id,
        courier.id,
        event.type.value,
        event.occurred_at,
        now,
        event.device_seq,
        rules.is_clock_suspect(event.occurred_at, received_at=now),
        event.lat,
        event.lon,
        msgspec.json.encode(event.data).decode(),
        digest,
        refused,
    )
    return bool(tag == "INSERT 0 1")


async def _fold(visit: HomeVisitRow, courier: CourierRow, newest: uuid.UUID, now: datetime) -> str | None:
    """Apply whatever can be applied now, until nothing more can; why the newest one was refused."""
    refused: dict[uuid.UUID, str] = {}
    while True:
        waiting = await _waiting(visit)
        found = folding.next_of(Kind(visit.kind), State(visit.state), waiting, refused=refused)
        if found is None:
            break
        event, target = found
        try:
            visit = await _apply(visit, courier, event, target, now)
        except Refusal as refusal:
            refused[event.event_id] = refusal.code
            continue
        await _mark_applied(visit.id, event.event_id)
    return refused.get(newest)


async def _waiting(visit: HomeVisitRow) -> list[_Stored]:
    """What the courier of the present reported and is not behind what was applied: a courier of the past
    moves nothing any more, nor does a late word of an earlier attempt.
    """
    rows = await in_transaction().fetch(
        "SELECT event_id, type, occurred_at, received_at, device_seq, data,"
        " coalesce((SELECT max(device_seq) FROM visit_event done WHERE done.home_visit_id = $1"
        "   AND done.courier_id = $2 AND done.applied_as IS NOT NULL"
        "   AND done.type <> 'fee_collected'), -1) AS reached FROM visit_event"
        " WHERE home_visit_id = $1 AND applied_as IS NULL AND courier_id = $2 AND refused IS NULL",
        visit.id,
        visit.courier_id,
    )
    events = [
        (
            row["reached"],
            _Stored(
                row["event_id"],
                Report(row["type"]),
                row["occurred_at"],
                row["received_at"],
                row["device_seq"],
                msgspec.json.decode(row["data"]),
            ),
        )
        for row in rows
    ]
    return [event for reached, event in events if folding.still_counts(event, reached=reached)]


async def _mark_applied(home_visit_id: uuid.UUID, event_id: uuid.UUID) -> None:
    await in_transaction().execute(
        "UPDATE visit_event SET applied_as ="
        " (SELECT coalesce(max(applied_as), 0) + 1 FROM visit_event WHERE home_visit_id = $1)"
        " WHERE home_visit_id = $1 AND event_id = $2",
        home_visit_id,
        event_id,
    )


async def _apply(
    visit: HomeVisitRow, courier: CourierRow, event: _Stored, target: State, now: datetime
) -> HomeVisitRow:
    """One report's effect: custody first, because it may refuse, then the state, then the world."""
    broken = await _move_custody(visit, courier, event)
    await journal.write(
        f"home_visit.reported_{event.type.value}",
        object_kind="home_visit",
        object_id=visit.id,
        at=now,
        detail={"event": str(event.event_id)},
    )
    if target == visit.state:
        return visit
    if broken:
        return await set_state(visit, State.QUARANTINED)
    visit = await set_state(visit, target)
    if event.type is Report.DECLINED:
        await round_steps.end_assignment(visit.id, because="declined")
        return await give_to_courier(visit, now=now)
    if event.type is Report.SEALED:
        await in_transaction().execute(
            "UPDATE home_visit SET seal_number = $2 WHERE id = $1", visit.id, event.data["seal"]
        )
        visit = visit._replace(seal_number=event.data["seal"])
    if target is State.DELIVERED and visit.dossier_number is not None:
        await dossiers.mark_returned(visit.dossier_number, how="home", now=now)
    if target in (State.DELIVERED, State.FAILED):
        await round_steps.end_assignment(visit.id, because=target.value, state="done")
    told = TOLD.get(target)
    if told is not None and not (target is State.SEALED and visit.kind == Kind.DELIVERY):
        await tell(told, visit, now=now)
    return visit


async def _move_custody(visit: HomeVisitRow, courier: CourierRow, event: _Stored) -> bool:
    """The reports that change whose hands the papers are in; whether a seal was found broken."""
    moment = Moment(event.occurred_at, event.received_at)
    bearer = Party("courier", str(courier.id))
    if event.type is Report.SEALED:
        await _seal(visit, bearer, event, moment)
    elif event.type is Report.REACHED_HUB and visit.seal_number:
        package = await custody.hand_over(
            visit.seal_number,
            giver=bearer,
            receiver=Party("post_office", str(event.data["hub"])),
            seal_state=str(event.data.get("seal_state", "intact")),
            moment=moment,
        )
        return package.state == "quarantined"
    elif event.type is Report.DELIVERED and visit.seal_number:
        await custody.deliver(
            visit.seal_number,
            courier=bearer,
            receiver=Party("citizen", str(visit.citizen_id)),
            moment=moment,
        )
    return False


async def _seal(visit: HomeVisitRow, bearer: Party, event: _Stored, moment: Moment) -> None:
    """At the door the citizen gives; at the counter an officer gives the result: two parties always."""
    delivery = visit.kind == Kind.DELIVERY
    giver = (
        Party("officer", str(event.data["officer"]))
        if delivery
        else Party("citizen", str(visit.citizen_id))
    )
    counted = event.data.get("papers") or await _counted(visit.id)
    await custody.seal_package(
        seal_number=str(event.data["seal"]),
        home_visit_id=visit.id,
        centre_id=visit.centre_id,
        citizen_id=visit.citizen_id,
        direction=visit.kind,
        contents=msgspec.convert(counted, list[Paper]),
        giver=giver,
        receiver=bearer,
        moment=moment,
    )


async def _counted(home_visit_id: uuid.UUID) -> Any:
    """The papers as they were counted at the door."""
    data = await in_transaction().fetchval(
        "SELECT data FROM visit_event WHERE home_visit_id = $1 AND type = 'counted'"
        " AND applied_as IS NOT NULL ORDER BY applied_as DESC LIMIT 1",
        home_visit_id,
    )
    return msgspec.json.decode(data)["papers"] if data else []


def _digest(event: PartnerEvent) -> bytes:
    """The content of an event, to tell a repetition from a reused id."""
    return hashlib.sha256(
        canonical(
            {
                "task": str(event.task_id),
                "type": event.type.value,
                "occurred_at": event.occurred_at.isoformat(),
                "seq": event.device_seq,
                "courier": event.courier,
                "data": event.data,
            }
        )
    ).digest()
