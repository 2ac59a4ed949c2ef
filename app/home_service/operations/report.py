"""What a courier reports: stored by its id, then everything that can be applied is applied, in order.

Events come twice and in any order, hours late from places without signal. The visit's state is a fold over
what was stored: an event whose predecessor is missing waits in the table until it arrives. What is physical
is never discarded: a bag sealed after the visit was called off is a bag, and a supervisor is told.
"""

import hmac
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import rfc8785

from app.core.database import in_transaction
from app.core.errors import Refusal
from app.core.operation import operation
from app.home_service import effects, facts, fees, folding, incidents, queries, reports, rules, states
from app.home_service.errors import MissingFact, StillHeld, UnknownOfficer
from app.home_service.incidents import Kind as Incident
from app.home_service.queries import HomeVisitRow
from app.home_service.reports import Known, PartnerEvent
from app.home_service.states import Kind, Report, State
from app.home_service.steps import locked
from app.rounds import queries as rounds
from app.rounds.queries import CourierRow

AT_ONCE: Final = 100
MISSING_FACT: Final = MissingFact.code
# Refusals somebody at the door can put right at once: told as rejected, and tried again when more is known.
TO_BE_PUT_RIGHT: Final = frozenset({UnknownOfficer.code, StillHeld.code})


class Outcome(StrEnum):
    """The answer to one event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Answer(NamedTuple):
    """What became of an event. `reason` is a stable code.

    With `applied`: `deferred` (stored, waits for the report before it), `overtaken` (stored, later reports
    have gone past it), `conflict` (it went against what had been decided; a supervisor is told),
    `clock_suspect` (in the story, but the device's clock is off), or why a physical fact could not move
    the papers. With `duplicate`: `deferred` while it still waits.
    """

    event_id: uuid.UUID
    outcome: Outcome
    reason: str | None = None


@operation
async def apply_partner_event(*, partner_id: uuid.UUID, event: PartnerEvent, now: datetime) -> Answer:
    """Store one event and fold it in. Never raises for what a courier did: the answer says it."""
    try:
        digest = event.digest()
    except (ValueError, rfc8785.CanonicalizationError):
        return Answer(event.event_id, Outcome.REJECTED, "invalid_fact")
    # The visit is locked first: eight copies of a report at once are one report and seven duplicates.
    visit = await _visit(event.task_id)
    known = await reports.known(partner_id, event.event_id)
    if known is not None:
        return await _again(event, known, digest, now)
    courier = await _courier(partner_id, event.courier)
    if courier is None or visit is None or not await _is_theirs(visit, courier):
        return Answer(event.event_id, Outcome.REJECTED, "not_your_task")
    wrong = facts.fault(Kind(visit.kind), event.type, event.data)
    if wrong is not None:
        return Answer(event.event_id, Outcome.REJECTED, wrong)
    return await _new(partner_id, courier, visit, event, now)


async def _new(
    partner_id: uuid.UUID, courier: CourierRow, visit: HomeVisitRow, event: PartnerEvent, now: datetime
) -> Answer:
    # A wrong code is remembered: sent again it is the same wrong code, not another try.
    wrong = await _code_fault(visit, event)
    kept = await reports.keep(partner_id, courier.id, visit, event, now, refused=wrong)
    if kept is None:
        return Answer(event.event_id, Outcome.REJECTED, "id_reuse")
    if wrong is not None:
        return Answer(event.event_id, Outcome.REJECTED, wrong)
    # Money is booked when it is told, not when its turn in the fold comes: it is in the bag already.
    wrong = await fees.taken(visit, courier, event, at=kept.effective_at, now=now)
    visit, refused = await _fold(visit, now)
    answer = await _answer(partner_id, visit, event, refused.get(event.event_id), now, suspect=kept.suspect)
    return answer if answer.reason == "conflict" else answer._replace(reason=wrong or answer.reason)


@operation
async def retry_waiting(*, home_visit_id: uuid.UUID, now: datetime) -> int:
    """Fold again what waits, and call a supervisor for what has waited too long; how many were called for.

    Running again finds nothing new. What a courier of before said of the way counts no more, and is no
    reason to call anybody.
    """
    visit, _ = await _fold(await locked(home_visit_id), now)
    waiting = await reports.waiting(visit)
    escalated = 0
    for event_id, report in await reports.waiting_since(home_visit_id, before=now - rules.KEPT_WAITING):
        if not waiting.has(event_id) and report not in rules.PHYSICAL:
            await reports.set_fate(home_visit_id, event_id, "overtaken")
            continue
        await reports.set_fate(home_visit_id, event_id, "escalated")
        await incidents.open_incident(visit, Incident.REPORT_WAITED_TOO_LONG, event_id=event_id, now=now)
        escalated += 1
    return escalated


@operation
async def visits_to_retry(*, partner_id: uuid.UUID | None, received_before: datetime) -> list[uuid.UUID]:
    """Visits with reports that wait: of one partner at each of its batches, of all by the clock."""
    return list(
        await reports.visits_waiting(partner_id=partner_id, received_before=received_before, limit=AT_ONCE)
    )


async def _again(event: PartnerEvent, known: Known, digest: bytes, now: datetime) -> Answer:
    """Seen before: the same content is a duplicate, another content is a reused id, and an alarm."""
    if known.digest != digest:
        visit = await _visit(known.home_visit_id)
        assert visit is not None
        await incidents.open_incident(visit, Incident.EVENT_ID_REUSED, event_id=event.event_id, now=now)
        return Answer(event.event_id, Outcome.REJECTED, "id_reuse")
    if known.refused is not None:
        return Answer(event.event_id, Outcome.REJECTED, known.refused)
    waits = known.applied_as is None and known.fate != "overtaken"
    return Answer(event.event_id, Outcome.DUPLICATE, "deferred" if waits else None)


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
    """Given the visit at some time, or its papers: what somebody did before a swap is still a fact, and
    what they do with the bag they were handed is one too.
    """
    return bool(
        await in_transaction().fetchval(
            "SELECT 1 FROM assignment WHERE home_visit_id = $1 AND courier_id = $2"
            " UNION ALL SELECT 1 FROM package JOIN custody_event link ON link.package_id = package.id"
            " WHERE package.home_visit_id = $1 AND link.receiver_kind = 'courier'"
            " AND link.receiver_id = $2::text LIMIT 1",
            visit.id,
            courier.id,
        )
    )


async def _code_fault(visit: HomeVisitRow, event: PartnerEvent) -> str | None:
    """A delivery, and papers given back, need the citizen's code or an authorised receiver with a proof."""
    given_back = event.type is Report.RETURNED and visit.kind == Kind.COLLECTION
    if not (event.type is Report.DELIVERED or given_back) or "authorisation" in event.data:
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


async def _fold(visit: HomeVisitRow, now: datetime) -> tuple[HomeVisitRow, dict[uuid.UUID, str]]:
    """Apply whatever can be applied now, until nothing more can; which were refused, and why."""
    refused: dict[uuid.UUID, str] = {}
    while True:
        waiting = await reports.waiting(visit)
        state = State(visit.state)
        found = folding.next_of(Kind(visit.kind), state, waiting.present, refused=refused)
        sealed = None
        if found is None:
            sealed = folding.against(state, waiting.present, waiting.former, refused=refused)
            if sealed is None:
                return visit, refused
        event, target = found or (sealed, State.SEALED)
        assert event is not None
        try:
            await fees.require_paid(visit, target)
            if sealed is None:
                visit = await effects.apply(visit, event, target, now=now)
            else:
                visit = await effects.apply_against(visit, event, now=now)
        except Refusal as refusal:
            refused[event.event_id] = _reason(refusal)
            continue
        await fees.let_go_of_ended(visit, now=now)
        await reports.mark_applied(visit.id, event.event_id, conflict=_is_conflict(event, sealed, state))


def _reason(refusal: Refusal) -> str:
    """What a device is told of a refusal: a stable code, and which fact is missing."""
    if isinstance(refusal, MissingFact):
        return f"{MISSING_FACT}: {refusal.facts['fact']}"
    return refusal.code


def _is_conflict(event: reports.Stored, sealed: reports.Stored | None, state: State) -> bool:
    """A bag nobody expected any more, or money taken for a visit that was called off."""
    return sealed is not None or (event.type is Report.FEE_COLLECTED and state in states.SEALED_AGAINST)


async def _answer(
    partner_id: uuid.UUID,
    visit: HomeVisitRow,
    event: PartnerEvent,
    refused: str | None,
    now: datetime,
    *,
    suspect: bool,
) -> Answer:
    """What became of the newest event, and a supervisor where it was physical and could not be applied."""
    physical = event.type in rules.PHYSICAL
    to_be_put_right = refused is not None and (
        refused.startswith(MISSING_FACT) or refused in TO_BE_PUT_RIGHT or not physical
    )
    if to_be_put_right:
        return Answer(event.event_id, Outcome.REJECTED, refused)
    known = await reports.known(partner_id, event.event_id)
    assert known is not None
    if known.applied_as is not None and known.fate is None:
        return Answer(event.event_id, Outcome.APPLIED, "clock_suspect" if suspect else None)
    reason = refused or await _why_not_applied(visit, event, known)
    if physical and reason != "deferred":
        kind = Incident.CUSTODY_REFUSED if refused else Incident.FACT_AFTER_THE_END
        if known.applied_as is None:
            await reports.set_fate(visit.id, event.event_id, "conflict")
        if not (known.applied_as and event.type is Report.SEALED):  # its own incident is open already
            await incidents.open_incident(visit, kind, event_id=event.event_id, now=now)
        return Answer(event.event_id, Outcome.APPLIED, refused or "conflict")
    if reason == "overtaken":
        await reports.set_fate(visit.id, event.event_id, "overtaken")
    return Answer(event.event_id, Outcome.APPLIED, reason)


async def _why_not_applied(visit: HomeVisitRow, event: PartnerEvent, known: Known) -> str:
    if known.fate == "conflict" or visit.state == State.CANCELLED:
        return "conflict"
    over = states.is_over(Kind(visit.kind), State(visit.state))
    waiting = await reports.waiting(visit)
    return "deferred" if waiting.has(event.event_id) and not over else "overtaken"
