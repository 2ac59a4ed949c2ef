"""A courier of the sandbox who walks one visit on: the reports a telephone would post, made and posted.

Each report goes in as a batch of its own through what `POST /v1/partner/events` does. Who stands opposite
is played too: the post office that hands a package back, and the counter that receives one.
"""

import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from app.core.clock import local
from app.core.ids import new_id
from app.custody import queries as packages
from app.custody.papers import Paper
from app.custody.steps import Party
from app.home_service import operations
from app.home_service import queries as home_service
from app.home_service.errors import HomeVisitNotFound
from app.home_service.operations.report import Answer, Outcome
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Reason, Report, State
from app.rounds import queries as rounds
from partners.postal.errors import NoWayThere
from partners.postal.sandbox.saying import Told, told
from partners.postal.sandbox.ways import NATURAL_END, way

# Applied, and the way goes on: before its window a door is reached early, and the answer says so.
GOES_ON: Final = frozenset({None, "clock_suspect"})
# Whoever receives packages in a rehearsal; no officer signs in by this id.
COUNTER: Final = uuid.UUID("00000000-0000-7000-8000-5a4db0c0de01")

Post = Callable[[dict[str, Any]], Awaitable[Answer]]


class Walked(NamedTuple):
    """One thing that was done: what was posted, what was answered, and where the visit stands since.

    `event_id` is None where packages changed hands without a report.
    """

    event_id: uuid.UUID | None
    type: str
    outcome: str
    reason: str | None
    state: str

    @property
    def goes_on(self) -> bool:
        # What is said of a receipt is for the settlement; the money was taken.
        money = self.type == Report.FEE_COLLECTED
        return self.outcome == Outcome.APPLIED and (money or self.reason in GOES_ON)


class Walk(NamedTuple):
    """What came of a walk; `state` is where the visit stands now, which may be short of what was asked."""

    task_id: uuid.UUID
    courier: str
    steps: Sequence[Walked]
    state: str


async def walk(
    *,
    partner_id: uuid.UUID,
    home_visit_id: uuid.UUID,
    to: State | None,
    reason: Reason,
    post: Post,
    now: datetime,
) -> Walk:
    """Walk a visit of one of the partner's couriers on; it ends early where a report is not applied.

    `post` takes one event as it is in a batch. Raises `HomeVisitNotFound`, `NoWayThere`,
    `NobodyAtTheCentre`, and what a hand-over raises.
    """
    visit = await home_service.by_id(home_visit_id)
    courier = await rounds.courier_by_id(visit.courier_id) if visit and visit.courier_id else None
    if visit is None or courier is None or courier.partner_id != partner_id:
        raise HomeVisitNotFound
    kind = Kind(visit.kind)
    steps = way(kind, State(visit.state), to or NATURAL_END[kind])
    if steps is None:
        raise NoWayThere(state=visit.state)
    made: list[Walked] = []
    for step in steps:
        if made and not made[-1].goes_on:
            break
        visit = await _as_it_stands(home_visit_id)
        if step.report is None:
            made.append(await _received(visit, now))
            continue
        made += await _taken_back(visit, courier.id, step.report, now)
        reports = await told(visit, step, partner_id=partner_id, reason=reason)
        made += [await _posted(visit, report, courier.external_id, post, now) for report in reports]
    return Walk(home_visit_id, courier.external_id, made, (await _as_it_stands(home_visit_id)).state)


async def _as_it_stands(home_visit_id: uuid.UUID) -> HomeVisitRow:
    visit = await home_service.by_id(home_visit_id)
    assert visit is not None
    return visit


async def _posted(visit: HomeVisitRow, report: Told, courier: str, post: Post, now: datetime) -> Walked:
    answer = await post(
        {
            "event_id": str(new_id()),
            "task_id": str(visit.id),
            "type": report.report.value,
            "occurred_at": local(now).isoformat(),
            # A telephone counts on from its clock.
            "device_seq": time.time_ns() // 1_000,
            "courier": courier,
            "location": {"lat": visit.lat, "lon": visit.lon},
            "data": report.data,
        }
    )
    stands = (await _as_it_stands(visit.id)).state
    return Walked(answer.event_id, report.report.value, answer.outcome.value, answer.reason, stands)


async def _taken_back(
    visit: HomeVisitRow, courier_id: uuid.UUID, report: Report, now: datetime
) -> list[Walked]:
    """What lies at the post office is handed to the courier before it can be brought back."""
    if not (visit.kind == Kind.COLLECTION and visit.state == State.AT_HUB and report is Report.RETURNED):
        return []
    assert visit.seal_number is not None
    package = await packages.by_seal(visit.seal_number)
    await operations.hand_over(
        seal_number=package.seal_number,
        giver=Party(package.custodian_kind, package.custodian_id),
        receiver=Party("courier", str(courier_id)),
        seal_state="intact",
        occurred_at=now,
        now=now,
    )
    return [Walked(None, "hand_over", Outcome.APPLIED.value, None, (await _as_it_stands(visit.id)).state)]


async def _received(visit: HomeVisitRow, now: datetime) -> Walked:
    """Somebody at the centre counts what is in the bag, and all of it is there."""
    assert visit.seal_number is not None
    package = await packages.by_seal(visit.seal_number)
    found = await operations.receive_package(
        seal_number=package.seal_number,
        centre_id=visit.centre_id,
        officer_id=COUNTER,
        seal_intact=True,
        contents=msgspec.json.decode(package.contents, type=list[Paper]),
        now=now,
    )
    return Walked(None, "received", Outcome.APPLIED.value, None, found.visit.state)
