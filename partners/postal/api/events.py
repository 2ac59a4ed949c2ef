"""What couriers report, and hand-overs between two parties."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.custody import epcis
from app.custody import queries as packages
from app.custody.errors import (
    NotTheCustodian,
    PackageClosed,
    PackageNotFound,
    PackageQuarantined,
    SameParty,
)
from app.custody.queries import PackageRow
from app.custody.steps import Party
from app.home_service import operations, reports
from app.home_service.clocks import LONGEST_RUN_MS
from app.home_service.operations.report import Answer
from app.home_service.reports import Device, PartnerEvent
from app.home_service.states import Report
from app.http.access import open_to
from app.http.body import Moment
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.rounds import queries as rounds
from app.rounds.errors import CourierNotFound
from partners.postal import scopes

MOST_EVENTS: Final = 500


class Location(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]


DeviceWord = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class EventInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """One event as the device made it; `data` holds the facts its type needs.

    `monotonic_ms` counts since the device's start named `boot_id`: it dates reports although somebody set
    the clock in between.
    """

    event_id: uuid.UUID
    task_id: uuid.UUID
    type: Report
    occurred_at: Moment
    device_seq: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    courier: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    location: Location | None = None
    data: dict[str, Any] = {}
    monotonic_ms: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_RUN_MS)] | None = None
    boot_id: DeviceWord | None = None

    def event(self, *, sent_at: datetime | None, device_id: str | None) -> PartnerEvent:
        return PartnerEvent(
            event_id=self.event_id,
            task_id=self.task_id,
            type=self.type,
            occurred_at=self.occurred_at,
            device_seq=self.device_seq,
            courier=self.courier,
            lat=self.location.lat if self.location else None,
            lon=self.location.lon if self.location else None,
            data=self.data,
            device=Device(sent_at, device_id, self.boot_id, self.monotonic_ms),
        )


class EventBatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`sent_at` is the device's own clock at sending: with it a clock hours off is put right."""

    events: Annotated[list[EventInput], msgspec.Meta(min_length=1, max_length=MOST_EVENTS)]
    sent_at: Moment | None = None
    device_id: DeviceWord | None = None


class ResultView(msgspec.Struct, omit_defaults=True):
    event_id: uuid.UUID
    outcome: str
    reason: str | None = None

    @classmethod
    def of(cls, answer: Answer) -> "ResultView":
        return cls(answer.event_id, answer.outcome.value, answer.reason)


class BatchResult(msgspec.Struct):
    results: list[ResultView]


class PartyInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A courier by the partner's id, or a post office by its code."""

    kind: Literal["courier", "post_office"]
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class HandOverRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    giver: PartyInput
    receiver: PartyInput
    seal_state: Literal["intact", "broken"]
    occurred_at: Moment


class CustodyView(msgspec.Struct):
    seal: str
    state: str
    custodian_kind: str
    hand_overs: int

    @classmethod
    def of(cls, row: PackageRow) -> "CustodyView":
        return cls(row.seal_number, row.state, row.custodian_kind, row.last_n)


@post(
    "/v1/partner/events",
    operation_id="reportEvents",
    summary="What our couriers did",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_WRITE),
    status_code=200,
)
async def report_events(
    data: JSONBody[EventBatch],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[BatchResult]:
    """Each event is its own transaction: one bad event never blocks the others, and a batch cut in the
    middle is sent again whole, because what was applied answers `duplicate`.

    An event whose predecessor has not arrived is kept and answers `applied` with the reason `deferred`: it
    is tried again with each batch, and after 72 hours a supervisor is called. `conflict` says that it went
    against what had been decided meanwhile; a physical fact is kept all the same.
    """
    return await once_required.alone(
        lambda answers: BatchResult([ResultView.of(answer) for answer in answers]),
        lambda: apply_batch(data, principal.id, now),
    )


async def apply_batch(data: EventBatch, partner_id: uuid.UUID, now: datetime) -> list[Answer]:
    """Every event of a batch by itself, however it came; then what waited for one of them.

    They are taken in the order their devices made them, so that none is refused for the want of one that
    lies beside it, and answered in the order they came.
    """
    events = [event.event(sent_at=data.sent_at, device_id=data.device_id) for event in data.events]
    timed = reports.timed(events, now=now)
    answers: dict[int, Answer] = {}
    for place, event in sorted(enumerate(timed), key=lambda each: (each[1].courier, each[1].device_seq)):
        answers[place] = await operations.apply_partner_event(partner_id=partner_id, event=event, now=now)
    for visit_id in await operations.visits_to_retry(partner_id=partner_id, received_before=now):
        await operations.retry_waiting(home_visit_id=visit_id, now=now)
    return [answers[place] for place in range(len(timed))]


@post(
    "/v1/partner/packages/{seal:str}/handovers",
    operation_id="handOverPackage",
    summary="A package changes hands between our people",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.CUSTODY_WRITE),
    status_code=201,
    responses=problems(
        PackageNotFound, NotTheCustodian, SameParty, PackageQuarantined, PackageClosed, CourierNotFound
    ),
)
async def hand_over_package(
    seal: FromPath[str],
    data: JSONBody[HandOverRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[CustodyView]:
    """Two parties; the giver must be who holds it. Whoever takes it goes on with the visit."""
    giver, receiver = await two_parties(data.giver, data.receiver, principal.id)
    return await once_required(
        CustodyView.of,
        operations.hand_over(
            seal_number=seal,
            giver=giver,
            receiver=receiver,
            seal_state=data.seal_state,
            occurred_at=data.occurred_at,
            now=now,
        ),
        status=201,
    )


async def two_parties(
    giver: PartyInput, receiver: PartyInput, partner_id: uuid.UUID
) -> tuple[Party, Party]:
    """Both of this partner, and one of them a courier: offices do not hand over to each other here."""
    if giver.kind != "courier" and receiver.kind != "courier":
        raise PackageNotFound
    return await party(giver, partner_id), await party(receiver, partner_id)


@get(
    "/v1/partner/packages/{seal:str}/epcis",
    operation_id="getPackageEvents",
    summary="The way of a package our couriers held (EPCIS 2.0)",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_READ),
    responses=problems(PackageNotFound),
)
async def package_events(
    seal: FromPath[str], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> dict[str, Any]:
    """JSON-LD of every change of hands; a package none of our couriers ever held is not there."""
    package = await packages.by_seal(seal)
    links = await packages.chain(package.id)
    held = {link.receiver_id for link in links if link.receiver_kind == "courier"}
    couriers = [await rounds.courier_by_id(uuid.UUID(courier_id)) for courier_id in sorted(held)]
    if principal.id not in {courier.partner_id for courier in couriers if courier is not None}:
        raise PackageNotFound
    return epcis.document(package, links, now=now)


async def party(given: PartyInput, partner_id: uuid.UUID) -> Party:
    """A courier of this partner, or one of its offices: nobody else's."""
    if given.kind == "courier":
        row = await rounds.courier(partner_id, given.id)
        return Party("courier", str(row.id))
    return Party("post_office", given.id)


event_handlers: Final[list[Any]] = [report_events, hand_over_package, package_events]
