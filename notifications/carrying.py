"""Bringing a message out by the ways there are to its person: one after the other, copies beside.

What was done stands in the rows of the messages; this looks at them and does what is next. Looking twice
does nothing twice, so a drainer that died is followed by another.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from app.appointments.icalendar_file import Invited, calendar_file
from app.appointments.queries import AppointmentRow
from app.centres.queries import CentreRow
from app.citizens import addresses
from app.citizens.addresses import Addresses
from app.citizens.choices_link import choices_token
from app.core.later import Later
from app.core.outbox import Fact
from notifications import delivery, owed, policy, ways
from notifications.delivery import Carried
from notifications.digests.joining import FindCompany
from notifications.policy import Rest
from notifications.port import Channels, Content
from notifications.readers import Reader
from notifications.templates import Template
from notifications.titles import title
from notifications.ways import OF_SMS, Way


class Meeting(NamedTuple):
    """The appointment a message is about, for whoever has a calendar."""

    row: AppointmentRow
    centre: CentreRow


class Errand(NamedTuple):
    """One thing a person should learn. `only_to` is an e-mail address nobody has confirmed yet, `thing`
    what it is about where a newer version makes it needless, `fact` what it tells of; it is of use `until`
    then, where that is sooner than its template says. `event_at` is when what it is about takes place;
    `company` finds what may be told with it.
    """

    template: Template
    reader: Reader
    values: Mapping[str, str]
    about: str
    version: int
    happened_at: datetime
    meeting: Meeting | None = None
    only_to: str = ""
    centre_id: uuid.UUID | None = None
    thing: str = ""
    fact: Fact | None = None
    until: datetime | None = None
    event_at: datetime | None = None
    company: FindCompany | None = None


async def carry(errand: Errand, *, channels: Channels, now: datetime) -> None:
    """Bring it out by one way after the other, until one succeeds; raises `Later` while something is still
    to be looked at.

    Whoever wants no such message any more gets none: what is owed and not being tried ends, visibly.
    """
    if not policy.may_leave(errand.template.category, errand.reader.chosen):
        await owed.withdraw(
            template=errand.template,
            phone=errand.reader.phone,
            about=errand.about,
            version=errand.version,
        )
        return
    known, route = await _route(errand, channels)
    for position, way in enumerate(route.steps):
        stands, wait = await _try(errand, way, known, channels=channels, now=now)
        is_last = position == len(route.steps) - 1
        following = ways.DONE if is_last else ways.after(way, stands, category=errand.template.category)
        if following.go_on:
            await owed.leave(
                template=errand.template,
                phone=errand.reader.phone,
                about=errand.about,
                version=errand.version,
                way=way,
            )
            continue
        waits = [each for each in (wait, following.after) if each is not None]
        if waits:
            raise Later(min(waits))
        return


async def goes_by(errand: Errand, way: Way, *, channels: Channels, now: datetime) -> bool:
    """Whether `carry` would try it by this way now: wanted, and every way before has failed."""
    if not policy.may_leave(errand.template.category, errand.reader.chosen):
        return False
    _, route = await _route(errand, channels)
    for step in route.steps:
        if step is way:
            return True
        stands = await owed.standing_by(
            step,
            template=errand.template,
            phone=errand.reader.phone,
            about=errand.about,
            version=errand.version,
            now=now,
        )
        if stands is None or not ways.after(step, stands, category=errand.template.category).go_on:
            return False
    return False


async def accompany(errand: Errand, *, channels: Channels, now: datetime) -> None:
    """Bring out the copies beside it: work of its own, so that a mail server's outage delays no SMS."""
    if not policy.may_leave(errand.template.category, errand.reader.chosen):
        return
    known, route = await _route(errand, channels)
    waits = []
    for way in route.beside:
        _, wait = await _try(errand, way, known, channels=channels, now=now)
        waits.extend([] if wait is None else [wait])
    if waits:
        raise Later(min(waits))


async def _route(errand: Errand, channels: Channels) -> tuple[Addresses, ways.Route]:
    """Where its person is reached, and by which ways it goes there."""
    if errand.only_to:
        return Addresses(email=errand.only_to), ways.Route(
            (Way.EMAIL,) if Way.EMAIL in channels.others else ()
        )
    known = await addresses.of_phone(errand.reader.phone) if channels.others else addresses.NOWHERE_ELSE
    route = ways.route(
        errand.template,
        chosen=errand.reader.chosen.channel,
        reachable=reachable(errand, known, channels),
        sms_first=channels.sms_first,
    )
    return known, route


def reachable(errand: Errand, known: Addresses, channels: Channels) -> Collection[Way]:
    """The ways that are configured, lead somewhere and can say this."""
    leads = {Way.SMS, Way.BRANDNAME}
    if _registered(errand, channels) is not None:
        leads.add(Way.ZALO)
    if known.email:
        leads.add(Way.EMAIL)
    if known.push:
        leads.add(Way.PUSH)
    return leads & {Way.SMS, *channels.others}


async def _try(
    errand: Errand, way: Way, known: Addresses, *, channels: Channels, now: datetime
) -> tuple[ways.Standing, timedelta | None]:
    """Owe the message on this way and bring it out; how it stands then, and when to look again."""
    reader = errand.reader
    message_id = await delivery.owe(
        template=errand.template,
        locale=reader.locale,
        phone=reader.phone,
        values=errand.values,
        about=errand.about,
        version=errand.version,
        now=now,
        happened_at=errand.happened_at,
        quiet=reader.chosen.quiet,
        centre_id=errand.centre_id,
        thing=errand.thing,
        fact=errand.fact,
        until=errand.until,
        event_at=errand.event_at,
        carried=None if way is Way.SMS else _carried(errand, way, known, channels=channels, now=now),
    )
    channel = channels.sms if way is Way.SMS else channels.others[way]
    wait = None
    try:
        await delivery.deliver(
            message_id,
            channel=channel,
            now=now,
            per_second=channels.sms_per_second,
            company=errand.company,
            rest=Rest(reader.chosen.quiet, errand.event_at),
        )
    except Later as later:
        wait = later.after
    return await owed.standing(message_id, now=now), wait


def _carried(errand: Errand, way: Way, known: Addresses, *, channels: Channels, now: datetime) -> Carried:
    """Where on this way, and with what beside the text. SMS of another provider is the same SMS."""
    if way in OF_SMS:
        return Carried(way)
    locale = errand.reader.locale
    template_id, parameters = _registered(errand, channels) or ("", {})
    content = Content(
        title=title(errand.template.code, locale, errand.values),
        language=locale,
        calendar=_calendar(errand, known, channels=channels, now=now) if way is Way.EMAIL else "",
        choices_link=_choices(known, channels) if way is Way.EMAIL else "",
        template_id=template_id if way is Way.ZALO else "",
        parameters=parameters if way is Way.ZALO else {},
    )
    address = {Way.EMAIL: known.email or "", Way.PUSH: next(iter(known.push), "")}.get(way, "")
    return Carried(way, address, content)


def _registered(errand: Errand, channels: Channels) -> tuple[str, dict[str, str]] | None:
    """Zalo's template of this message and what fills it, where it can say this."""
    template = channels.zalo_templates.get(errand.template.code)
    if template is None:
        return None
    filled = template.filled(errand.values, language=errand.reader.locale)
    return None if filled is None else (template.id, filled)


def _choices(known: Addresses, channels: Channels) -> str:
    """Nothing to choose for an address nobody has confirmed."""
    if known.citizen_id is None or not channels.pages_url:
        return ""
    return f"{channels.pages_url}/choices/{choices_token(known.citizen_id)}"


def _calendar(errand: Errand, known: Addresses, *, channels: Channels, now: datetime) -> str:
    if errand.meeting is None or not known.email or not channels.letters_from:
        return ""
    row, centre = errand.meeting
    invited = Invited(channels.letters_from, known.email)
    return calendar_file(row, centre, language=errand.reader.locale, now=now, invited=invited).decode()
