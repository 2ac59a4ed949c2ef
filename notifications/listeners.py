"""When somebody deserves a message: a fact → a template and its values, by one table."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from app.appointments import queries as appointments
from app.appointments.events import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentMoved,
    AppointmentReminderDue,
    AppointmentRescheduled,
    AppointmentWithdrawn,
    WaitlistOffered,
)
from app.appointments.states import State
from app.centres import queries as centres
from app.citizens import emails, preferences
from app.citizens.events import EmailNamed
from app.core import outbox
from app.core.clock import current_time, local
from app.core.contacts import Contact
from app.core.links import tracking_token
from app.core.outbox import Fact
from app.custody.events import IncidentOpened
from app.dossiers import queries as dossiers
from app.dossiers.events import (
    DossierAccepted,
    DossierCompleted,
    DossierCorrected,
    DossierExtended,
    DossierFact,
    DossierPaymentDue,
    DossierPaymentReceived,
    DossierRefused,
    DossierReturned,
    DossierStopped,
    DossierSupplemented,
    DossierSupplementRequested,
    DossierWithdrawn,
)
from app.home_service import fees
from app.home_service import queries as home_service
from app.home_service.events import (
    HomeVisitAtRisk,
    HomeVisitCancelled,
    HomeVisitCollected,
    HomeVisitConfirmed,
    HomeVisitEnRoute,
    HomeVisitFact,
    HomeVisitFailed,
    HomeVisitLate,
    HomeVisitMoved,
    HomeVisitPaid,
    HomeVisitReassigned,
)
from app.home_service.states import TO_REACH
from app.home_service.states import State as VisitState
from app.identity import queries as identity
from app.identity.events import OtpRequested
from app.payments import queries as payments
from app.payments.rules import Purse
from app.queue import queries as queue
from app.queue.events import TicketCalled, TicketFinished, TicketReturnAgreed
from app.rounds import queries as rounds
from app.rounds.held_back import AREA_CLOSED
from app.satisfaction import queries as satisfaction
from app.satisfaction.errors import SurveyClosed, SurveyNotFound
from notifications import amounts, owed
from notifications.carrying import Errand, Meeting, accompany, carry, goes_by
from notifications.digests import joining
from notifications.digests.joining import Company, Waiting
from notifications.digests.said import DIGEST
from notifications.events import MessageNotDelivered
from notifications.owed import marks
from notifications.port import Channels
from notifications.readers import Reader, reader
from notifications.templates import OUR_LINK, TEMPLATES, Category, Template
from notifications.ways import Way
from notifications.wordings.saying import template_to_say

TIME: Final = "%H:%M %d/%m/%Y"


class Wording(NamedTuple):
    """Whom to tell, with which template, filled with what; `path` is the page its link leads to.

    `meeting` is the appointment it is about, `only_to` the one e-mail address it goes to. `thing` is named
    where each message tells all there is to know: a newer version makes an older one needless,
    `event_at` when what it is about takes place, and `until` ends it sooner than its template does.
    """

    contact: Reader
    template: str
    values: Mapping[str, str]
    about: str
    version: int
    path: str = ""
    meeting: Meeting | None = None
    only_to: str = ""
    thing: str = ""
    event_at: datetime | None = None
    until: datetime | None = None


async def _code(fact: OtpRequested) -> Wording | None:
    found = await identity.code_for_sending(fact.challenge_id)
    if found is None:
        return None
    contact = Reader(found.phone, found.locale)
    return Wording(contact, "otp", {"code": found.code}, fact.subject, 1)


async def _email(fact: EmailNamed) -> Wording | None:
    """Nothing where another address was named since."""
    challenge = await emails.challenge(fact.challenge_id)
    if challenge is None:
        return None
    account = await preferences.account(challenge.citizen_id)
    contact = Reader(account.phone or "", account.preferences.language or "vi")
    code = {"code": emails.code_of(challenge.id)}
    return Wording(contact, "email_confirmation", code, fact.subject, 1, only_to=challenge.address)


async def _appointment(
    fact: AppointmentConfirmed
    | AppointmentCancelled
    | AppointmentRescheduled
    | AppointmentMoved
    | AppointmentReminderDue
    | AppointmentWithdrawn,
    template: str,
) -> Wording | None:
    if isinstance(fact, AppointmentCancelled | AppointmentWithdrawn) and not fact.was_confirmed:
        return None  # A hold given up: nobody was told of it.
    contact = await reader(await appointments.contact_of(fact.appointment_id))
    row = await appointments.by_id(fact.appointment_id)
    if contact is None or row is None:
        return None
    centre = await centres.any_centre(row.centre_id)
    values = {
        "reference": row.reference,
        "time": f"{local(row.starts_at):{TIME}}",
        "place": centre.name_en if contact.locale == "en" else centre.name_vi,
    }
    meeting = Meeting(row, centre)
    event_at = row.starts_at
    if isinstance(fact, AppointmentMoved) and fact.previous_starts_at > current_time():
        event_at = min(event_at, fact.previous_starts_at)
    return Wording(
        contact, template, values, fact.subject, fact.version,
        meeting=meeting, thing=fact.subject, event_at=event_at,
    )  # fmt: skip


async def _reminder(fact: AppointmentReminderDue) -> Wording | None:
    """Nobody is reminded of what was cancelled, moved or begun meanwhile, nor after it has begun."""
    row = await appointments.by_id(fact.appointment_id)
    if row is None or row.state != State.CONFIRMED or row.starts_at != fact.starts_at:
        return None
    found = await _appointment(fact, "appointment_reminder")
    return None if found is None else found._replace(until=row.starts_at, meeting=None)


async def _offer(fact: WaitlistOffered) -> Wording | None:
    """Nobody is called to a place that was confirmed, declined or passed on meanwhile."""
    contact = await reader(await appointments.contact_of(fact.appointment_id))
    row = await appointments.by_id(fact.appointment_id)
    if contact is None or row is None or row.state != State.HELD:
        return None
    centre = await centres.any_centre(row.centre_id)
    values = {
        "reference": row.reference,
        "time": f"{local(row.starts_at):{TIME}}",
        "place": centre.name_en if contact.locale == "en" else centre.name_vi,
        "until": f"{local(fact.offer_expires_at):%H:%M}",
    }
    return Wording(contact, "waitlist_offered", values, fact.subject, fact.version)


async def _ticket(fact: TicketCalled) -> Wording | None:
    contact = await reader(await queue.contact_of(fact.ticket_id))
    if contact is None or fact.calls > 1:
        return None
    counter = await centres.counter(fact.counter_id)
    values = {"number": fact.number, "counter": str(counter.number)}
    return Wording(contact, "ticket_called", values, fact.subject, fact.calls)


async def _return(fact: TicketReturnAgreed) -> Wording | None:
    """Nobody is told to come back who has come, or has gone for good."""
    contact = await reader(await queue.contact_of(fact.ticket_id))
    row = await queue.by_id(fact.ticket_id)
    if contact is None or row is None or not row.is_away or row.returns_at is None:
        return None
    values = {"number": row.number, "time": f"{local(row.returns_at):%H:%M}"}
    path = f"/t/{tracking_token('ticket', row.id)}"
    return Wording(contact, "return_agreed", values, fact.subject, fact.version, path)


async def _dossier(fact: DossierFact, template: str) -> Wording | None:
    contact = await reader(await dossiers.contact_of(fact.dossier_id))
    if contact is None:
        return None
    values = {"number": fact.dossier_number}
    due_at = getattr(fact, "due_at", None)
    if due_at is not None:
        values["time"] = f"{local(due_at):{TIME}}"
    return Wording(contact, template, values, fact.subject, fact.version, thing=fact.subject)


async def _visit(fact: Any, template: str) -> Wording | None:
    visit = await home_service.by_id(fact.home_visit_id)
    if visit is None:
        return None
    contact = await reader(Contact(visit.contact_name, visit.contact_phone, visit.locale))
    courier = await rounds.courier_by_id(visit.courier_id) if visit.courier_id else None
    starts, ends = local(visit.starts_at), local(visit.ends_at)
    values = {
        "reference": visit.reference,
        "window": f"{starts:%H:%M}-{ends:%H:%M} {starts:%d/%m/%Y}",
        "courier": courier.given_name if courier else "",
        "seal": visit.seal_number or "",
    }
    if {"state", "postage"} & TEMPLATES[template].longest.keys():
        bill = await fees.bill_of(visit)
        values |= {purse.value: amounts.owed(bill, purse, contact.locale) for purse in Purse}
    about = f"{fact.kind}:{visit.id}"
    if isinstance(fact, HomeVisitFact):
        version, thing = fact.version, fact.subject
        return Wording(contact, template, values, about, version, thing=thing, event_at=visit.starts_at)
    return Wording(contact, template, values, about, 1)


async def _at_risk(fact: HomeVisitAtRisk) -> Wording | None:
    """Nobody will come to a closed area, and its person chooses anew; else somebody may yet be found."""
    closed = fact.reason == AREA_CLOSED
    return await _visit(fact, "home_visit_area_closed" if closed else "home_visit_at_risk")


async def _paid(fact: HomeVisitPaid) -> Wording | None:
    """A receipt is told once, whatever is put right about its payment later."""
    visit, paid = await home_service.by_id(fact.home_visit_id), await payments.paid(fact.entry_id)
    if visit is None or paid is None:
        return None
    contact = await reader(Contact(visit.contact_name, visit.contact_phone, visit.locale))
    values = {
        "reference": visit.reference,
        "amount": amounts.written(paid.amount_vnd, contact.locale),
        "purse": amounts.name(Purse(paid.purse), contact.locale),
        "receipt": paid.receipt,
    }
    about = f"{fact.kind}:{visit.id}:{paid.purse}:{paid.receipt}"
    return Wording(contact, "home_visit_paid", values, about, 1)


async def _late(fact: HomeVisitLate) -> Wording | None:
    """A later time, in steps of five minutes; no news for whoever opened the door meanwhile."""
    visit = await home_service.by_id(fact.home_visit_id)
    if visit is None or VisitState(visit.state) not in TO_REACH:
        return None
    contact = await reader(Contact(visit.contact_name, visit.contact_phone, visit.locale))
    expected = local(fact.expected_at + timedelta(minutes=5) - timedelta(microseconds=1))
    time = f"{expected.replace(minute=expected.minute // 5 * 5):%H:%M}"
    # A visit that is late, on time and late again is another lateness, although nothing else changed.
    version = int(fact.occurred_at.timestamp())
    values = {"reference": visit.reference, "time": time}
    about = f"{fact.kind}:{visit.id}"
    return Wording(
        contact, "home_visit_late", values, about, version, thing=about, event_at=fact.expected_at
    )


async def _survey(kind: str, thing_id: uuid.UUID, contact: Contact | None) -> Wording | None:
    """Nobody is asked who left no phone, or who said already how it was."""
    who = await reader(contact)
    if who is None:
        return None
    token = tracking_token(kind, thing_id)
    try:
        subject = await satisfaction.subject_of(token, now=current_time())
    except (SurveyNotFound, SurveyClosed):
        return None
    if await satisfaction.is_answered(subject):
        return None
    return Wording(who, "survey_invitation", {}, f"survey:{kind}:{thing_id}", 1, f"/survey/{token}")


async def _survey_of_ticket(fact: TicketFinished) -> Wording | None:
    return await _survey("ticket", fact.ticket_id, await queue.contact_of(fact.ticket_id))


async def _survey_of_dossier(fact: DossierReturned) -> Wording | None:
    return await _survey("dossier", fact.dossier_id, await dossiers.contact_of(fact.dossier_id))


def _with(
    find: Callable[[Any, str], Awaitable[Wording | None]], template: str
) -> Callable[[Any], Awaitable[Wording | None]]:
    async def words(fact: Any) -> Wording | None:
        return await find(fact, template)

    return words


# Which fact deserves which message. A fact that is not here deserves none.
MESSAGES: Final[Mapping[type[Fact], Callable[[Any], Awaitable[Wording | None]]]] = MappingProxyType(
    {
        OtpRequested: _code,
        EmailNamed: _email,
        AppointmentConfirmed: _with(_appointment, "appointment_confirmed"),
        AppointmentCancelled: _with(_appointment, "appointment_cancelled"),
        AppointmentRescheduled: _with(_appointment, "appointment_rescheduled"),
        AppointmentReminderDue: _reminder,
        WaitlistOffered: _offer,
        AppointmentMoved: _with(_appointment, "appointment_moved_by_centre"),
        AppointmentWithdrawn: _with(_appointment, "appointment_cancelled_by_centre"),
        TicketCalled: _ticket,
        TicketReturnAgreed: _return,
        DossierAccepted: _with(_dossier, "dossier_accepted"),
        DossierCompleted: _with(_dossier, "dossier_completed"),
        DossierReturned: _with(_dossier, "dossier_returned"),
        DossierRefused: _with(_dossier, "dossier_refused"),
        DossierSupplementRequested: _with(_dossier, "dossier_supplement_requested"),
        DossierSupplemented: _with(_dossier, "dossier_supplemented"),
        DossierPaymentDue: _with(_dossier, "dossier_payment_due"),
        DossierPaymentReceived: _with(_dossier, "dossier_payment_received"),
        DossierExtended: _with(_dossier, "dossier_extended"),
        DossierWithdrawn: _with(_dossier, "dossier_withdrawn"),
        DossierStopped: _with(_dossier, "dossier_stopped"),
        DossierCorrected: _with(_dossier, "dossier_corrected"),
        HomeVisitConfirmed: _with(_visit, "home_visit_confirmed"),
        HomeVisitEnRoute: _with(_visit, "home_visit_en_route"),
        HomeVisitCollected: _with(_visit, "home_visit_collected"),
        HomeVisitPaid: _paid,
        HomeVisitMoved: _with(_visit, "home_visit_moved_by_centre"),
        HomeVisitAtRisk: _at_risk,
        HomeVisitReassigned: _with(_visit, "home_visit_reassigned"),
        HomeVisitLate: _late,
        HomeVisitFailed: _with(_visit, "home_visit_failed"),
        HomeVisitCancelled: _with(_visit, "home_visit_cancelled"),
        IncidentOpened: _with(_visit, "package_incident"),
    }
)
# After which fact people are asked how it was, the next morning; beside the message it may deserve at once.
INVITATIONS: Final[Mapping[type[Fact], Callable[[Any], Awaitable[Wording | None]]]] = MappingProxyType(
    {TicketFinished: _survey_of_ticket, DossierReturned: _survey_of_dossier}
)


async def tell_person(fact: Fact, *, channels: Channels) -> None:
    """Owe the message this fact deserves and bring it out. Running twice sends once; raises `Later`."""
    await _bring_out(fact, await MESSAGES[type(fact)](fact), carry, channels=channels)


async def tell_beside(fact: Fact, *, channels: Channels) -> None:
    """The same for its copies: letters, and notices of the app. As often harmless as `tell_person`."""
    await _bring_out(fact, await MESSAGES[type(fact)](fact), accompany, channels=channels)


async def invite_to_survey(fact: Fact, *, channels: Channels) -> None:
    """Owe the question how it was and bring it out in the morning. As often harmless as `tell_person`."""
    await _bring_out(fact, await INVITATIONS[type(fact)](fact), carry, channels=channels)


async def tell_otherwise(fact: MessageNotDelivered, *, channels: Channels) -> None:
    """Bring what a message told out by the next way, where that is still of use: its provider said late
    that it did not arrive, when the work on it was done. As often harmless as `tell_person`.
    """
    told = await owed.told(fact.message_id)
    if told is None or told.until <= current_time():
        return
    deserves = INVITATIONS if told.category is Category.NEXT_MORNING else MESSAGES
    find = deserves.get(type(told.fact))
    words = None if find is None else await find(told.fact)
    await _bring_out(told.fact, words, carry, channels=channels, until=told.until)


async def _bring_out(
    fact: Fact,
    words: Wording | None,
    bring: Callable[..., Awaitable[None]],
    *,
    channels: Channels,
    until: datetime | None = None,
) -> None:
    if words is None:
        return
    now = current_time()
    errand = _errand(fact, words, await _worded(words, now=now), channels=channels, until=until)
    if errand.template.category is Category.DIGESTABLE:
        errand = errand._replace(company=partial(_company, words.contact.phone, channels=channels, now=now))
    await bring(errand, channels=channels, now=now)


def _errand(
    fact: Fact, words: Wording, template: Template, *, channels: Channels, until: datetime | None
) -> Errand:
    link = {OUR_LINK: f"{channels.pages_url}{words.path}"} if words.path else {}
    return Errand(
        template=template,
        reader=words.contact,
        values={**words.values, **link},
        about=words.about,
        version=words.version,
        happened_at=fact.occurred_at,
        meeting=words.meeting,
        only_to=words.only_to,
        thing=words.thing,
        centre_id=getattr(fact, "centre_id", None),
        fact=fact,
        until=until or words.until,
        event_at=words.event_at,
    )


async def _company(phone: str, *, channels: Channels, now: datetime) -> Company | None:
    """What else waits for this phone and is still to be told, in whichever words tell several."""
    ids = [
        message.id
        for message in await joining.waiting(phone)
        if await _is_still_told(message, phone, channels=channels, now=now)
    ]
    return Company(await template_to_say(DIGEST.code, told_before=[], now=now), ids) if ids else None


async def _is_still_told(message: Waiting, phone: str, *, channels: Channels, now: datetime) -> bool:
    """What its own work would find: the same reader, who wants it, by the way it was owed on."""
    if message.fact_kind not in outbox.KINDS:
        return False
    fact = outbox.decode(message.fact_kind, message.fact)
    find = MESSAGES.get(type(fact))
    words = None if find is None else await find(fact)
    if words is None or words.contact.phone != phone:
        return False
    errand = _errand(fact, words, TEMPLATES[words.template], channels=channels, until=None)
    return await goes_by(errand, Way(message.channel), channels=channels, now=now)


async def _worded(words: Wording, *, now: datetime) -> Template:
    """In the words in force, or in those it was said in before."""
    own = TEMPLATES[words.template]
    before = marks(own, phone=words.contact.phone, about=words.about, version=words.version)
    return await template_to_say(own.code, told_before=before, now=now)
