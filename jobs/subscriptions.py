"""Who hears which fact: the one table. The business records; this page says who listens."""

import contextlib
import functools
import importlib
import pkgutil
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import app
from app.appointments import operations as appointments
from app.appointments.events import (
    AppointmentCancelled,
    AppointmentExpired,
    AppointmentReminderDue,
    AppointmentRescheduled,
    CapacityChanged,
    OpeningPublished,
    WaitlistJoined,
    WaitlistOffered,
)
from app.calendar import operations as calendar
from app.calendar.events import CalendarConfirmed
from app.citizens.events import EmailNamed
from app.core.clock import at_local, current_time, local_date, machine_time
from app.core.later import Later
from app.core.outbox import KINDS, Fact
from app.documents import operations as documents
from app.documents import store as document_store
from app.documents.events import DocumentUploaded
from app.documents.inspection.antivirus import Scanner
from app.dossiers.events import DossierAccepted
from app.home_service import operations as home_service
from app.home_service.events import (
    HomeVisitAssigned,
    HomeVisitAtRisk,
    HomeVisitCancelled,
    HomeVisitFact,
    HomeVisitReceived,
    HomeVisitRescheduled,
)
from app.identity.events import OtpRequested
from app.payments.events import SettlementUnbalanced
from app.queue.events import TicketCalled, TicketReturnAgreed
from app.settings import Settings
from jobs.neighbours import neighbour_subscriptions
from jobs.subscription import Lane, Subscription
from notifications.channels import open_channels
from notifications.events import MessageNotDelivered
from notifications.listeners import (
    INVITATIONS,
    MESSAGES,
    invite_to_survey,
    tell_beside,
    tell_otherwise,
    tell_person,
)
from notifications.port import Channels
from partners.postal import feed, item_numbers, pushing, webhooks
from partners.postal.egress import Egress, trusting
from partners.postal.events import WebhookReplayAsked

PEOPLE: Final = "people"
COPIES: Final = "copies"
ONWARDS: Final = "onwards"
# A mail server may be away for a day: the message's own time ends it, long before so many looks.
LOOKS_AT_A_COPY: Final = 20_000
SURVEYS: Final = "surveys"
PARTNERS: Final = webhooks.SUBSCRIBER
REPLAYS: Final = "replays"
INSPECTION: Final = "inspection"
HOME_SERVICE: Final = "home_service"
CALENDAR: Final = "calendar"
WAITLIST: Final = "waitlist"

# A message waits for the morning, for a provider that is away, for its sender's turn: its own time ends it,
# long before so many looks.
LOOKS_AT_A_MESSAGE: Final = 20_000

LANES: Final = {
    OtpRequested: Lane.CODE,
    EmailNamed: Lane.URGENT,
    TicketCalled: Lane.URGENT,
    TicketReturnAgreed: Lane.URGENT,
    WaitlistOffered: Lane.URGENT,
    AppointmentReminderDue: Lane.BULK,
}


def _day_of(moment: datetime) -> tuple[datetime, datetime]:
    start = at_local(local_date(moment), 0)
    return start, start + timedelta(days=1)


# After which facts somebody who waits may find a place, and when; the sweep finds what is not here.
BRINGS_PLACES: Final[Mapping[type[Fact], Callable[[Any], tuple[datetime, datetime]]]] = MappingProxyType(
    {
        AppointmentCancelled: lambda fact: _day_of(fact.starts_at),
        AppointmentExpired: lambda fact: _day_of(fact.starts_at),
        AppointmentRescheduled: lambda fact: _day_of(fact.previous_starts_at),
        CapacityChanged: lambda fact: (fact.starts_at, fact.ends_at),
        OpeningPublished: lambda fact: _day_of(fact.starts_at),
        WaitlistJoined: lambda fact: (fact.window_from, fact.window_to),
    }
)
# What a partner has to know about a visit of its couriers.
FOR_PARTNERS: Final[tuple[type[HomeVisitFact], ...]] = (
    HomeVisitAssigned,
    HomeVisitRescheduled,
    HomeVisitCancelled,
    HomeVisitReceived,
    HomeVisitAtRisk,
)
# Every fact of the program registers itself when its module is imported.
for _concept in pkgutil.iter_modules(app.__path__):
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"app.{_concept.name}.events")

_HEARD: Final = {
    CalendarConfirmed,
    DocumentUploaded,
    DossierAccepted,
    SettlementUnbalanced,
    *BRINGS_PLACES,
    *MESSAGES,
    *INVITATIONS,
    *FOR_PARTNERS,
    MessageNotDelivered,
    WebhookReplayAsked,
}
# Facts nobody listens to, or neighbours only: drained so that they do not wait for ever, and kept as they
# are.
SILENT: Final = sorted(kind for kind, fact in KINDS.items() if fact not in _HEARD)


@contextlib.asynccontextmanager
async def make_subscriptions(settings: Settings) -> AsyncIterator[list[Subscription]]:
    """Every listener, with what it needs to do its work."""
    async with open_channels(settings) as channels, neighbour_subscriptions(settings) as neighbours:
        yield [*_always(settings, channels), *neighbours]


def _always(settings: Settings, channels: Channels) -> list[Subscription]:
    """What is heard in every deployment."""
    egress = Egress(allow_private=settings.allow_private_webhooks, ca_file=settings.partner_ca_file)
    trusting(egress.ca_file)  # A file that cannot be read is found at the start, not at the first event.
    document_store.open_store(settings.documents_url)
    scanner = Scanner(settings.antivirus) if settings.antivirus else None

    async def people(fact: Fact) -> None:
        await tell_person(fact, channels=channels)

    async def copies(fact: Fact) -> None:
        await tell_beside(fact, channels=channels)

    async def surveys(fact: Fact) -> None:
        await invite_to_survey(fact, channels=channels)

    async def settlements(fact: SettlementUnbalanced) -> None:
        await tell_partner_of_money(fact, egress=egress)

    async def partners(fact: HomeVisitFact) -> None:
        await tell_partner(fact, egress=egress)

    async def replays(fact: WebhookReplayAsked) -> None:
        await pushing.push_again(fact, egress=egress, now=current_time(), signed_at=machine_time())

    async def inspection(fact: DocumentUploaded) -> None:
        await documents.inspect(document_id=fact.document_id, scanner=scanner, now=current_time())

    return [
        *(
            Subscription(
                fact,
                PEOPLE,
                people,
                lane=LANES.get(fact, Lane.NORMAL),
                max_attempts=LOOKS_AT_A_MESSAGE,
                lifetime=timedelta(days=5),
            )
            for fact in MESSAGES
        ),
        *(
            Subscription(
                fact,
                COPIES,
                copies,
                lane=LANES.get(fact, Lane.BULK),
                max_attempts=LOOKS_AT_A_COPY,
                lifetime=timedelta(days=5),
            )
            for fact in MESSAGES
            if channels.has_copies
        ),
        Subscription(
            MessageNotDelivered,
            ONWARDS,
            functools.partial(tell_otherwise, channels=channels),
            lane=Lane.URGENT,
            max_attempts=LOOKS_AT_A_MESSAGE,
            lifetime=timedelta(days=5),
        ),
        *(
            Subscription(
                fact,
                SURVEYS,
                surveys,
                lane=Lane.BULK,
                max_attempts=LOOKS_AT_A_MESSAGE,
                lifetime=timedelta(days=4),
            )
            for fact in INVITATIONS
        ),
        *(
            Subscription(
                fact,
                PARTNERS,
                partners,
                in_order=True,
                max_attempts=5_000,
                lifetime=timedelta(days=5),
            )
            for fact in FOR_PARTNERS
        ),
        Subscription(
            SettlementUnbalanced,
            PARTNERS,
            settlements,
            in_order=True,
            max_attempts=5_000,
            lifetime=timedelta(days=5),
        ),
        Subscription(
            WebhookReplayAsked, REPLAYS, replays, lane=Lane.BULK, in_order=True, max_attempts=1_000
        ),
        Subscription(
            DocumentUploaded,
            INSPECTION,
            inspection,
            lane=Lane.URGENT,
            max_attempts=50_000,
            lifetime=timedelta(days=30),
        ),
        Subscription(DossierAccepted, HOME_SERVICE, note_acceptance),
        Subscription(CalendarConfirmed, CALENDAR, carry_day_out),
        *(Subscription(fact, WAITLIST, offer_places, lane=Lane.URGENT) for fact in BRINGS_PLACES),
    ]


async def tell_partner(fact: HomeVisitFact, *, egress: Egress) -> None:
    """Number the fact in the partner's feed and push it. Twice is once; raises `Later` while owed."""
    if fact.partner_id is None:
        return
    item = await item_numbers.for_visit(fact.partner_id, fact.home_visit_id, now=current_time())
    event = await feed.publish(
        partner_id=fact.partner_id,
        fact_key=f"{fact.kind}:{fact.home_visit_id}:{fact.version}",
        kind=fact.kind,
        subject=fact.subject,
        data={
            "task_id": str(fact.home_visit_id),
            "kind": fact.visit_kind,
            "version": fact.version,
            "href": "/v1/partner/tasks",
            **({"item_number": item.number} if item.number else {}),
        },
        at=fact.occurred_at,
    )
    if event is not None:
        await pushing.push(event, egress=egress, now=current_time(), signed_at=machine_time())
    if item.shortage is not None:
        # A shortage is no part of the visit, whose later events would wait for it. The feed has it, and the
        # next visit tries it again.
        with contextlib.suppress(Later):
            await pushing.push(
                item.shortage,
                egress=egress,
                now=current_time(),
                signed_at=machine_time(),
                has_row=False,
            )


async def tell_partner_of_money(fact: SettlementUnbalanced, *, egress: Egress) -> None:
    """A day of theirs that ended does not balance; the settlement says why. Twice in a night is once."""
    event = await feed.publish(
        partner_id=fact.partner_id,
        fact_key=f"{fact.kind}:{fact.day}:{fact.checked_on}",
        kind=fact.kind,
        subject=fact.subject,
        data={
            "date": fact.day.isoformat(),
            "reasons": fact.reasons,
            "href": f"/v1/partner/settlements/{fact.day}",
        },
        at=fact.occurred_at,
    )
    if event is not None:
        await pushing.push(event, egress=egress, now=current_time(), signed_at=machine_time())


async def offer_places(fact: Any) -> None:
    """What is free then goes to those who lost their place, and is offered to those who wait.

    Running twice finds it taken.
    """
    start, end = BRINGS_PLACES[type(fact)](fact)
    await appointments.support_orphans(centre_id=fact.centre_id, start=start, end=end, now=current_time())
    await appointments.offer_places(centre_id=fact.centre_id, start=start, end=end, now=current_time())


async def carry_day_out(fact: CalendarConfirmed) -> None:
    """Go on with a confirmed day, should whoever confirmed it have been cut off."""
    await calendar.carry_out(proposal_id=fact.proposal_id, now=current_time())


async def note_acceptance(fact: DossierAccepted) -> None:
    """A dossier that came in a package moves its home visit on."""
    if fact.package_id is not None:
        await home_service.note_acceptance(
            package_id=fact.package_id, dossier_number=fact.dossier_number, now=current_time()
        )
