"""The sample's officers, terms, devices and postal partner."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Final, NamedTuple

from app.core.database import fetch_value
from app.core.rows import put
from app.http.principals import Caller
from app.identity import operations as identity
from app.sample import files
from app.sample.files import OfficerEntry, PeopleFile, sample_id
from app.staff import steps
from app.staff.steps import OfficerRecord, ShiftRecord

# A moment of the past that is the same on every loading.
FOUNDED: Final = datetime(2026, 1, 1, tzinfo=UTC)
# Everything a partner may be granted: the sample's partner stands for all of them.
PARTNER_SCOPES: Final = (
    "visits:read",
    "visits:write",
    "couriers:write",
    "custody:write",
    "documents:write",
    "settlements:read",
    "settlements:write",
    "webhook:manage",
)


class PartnerRecord(NamedTuple):
    """The organisation behind the partner's client (doanh nghiệp bưu chính)."""

    id: uuid.UUID
    code: str
    name_vi: str
    name_en: str
    created_at: datetime


async def put_people() -> int:
    """Write officers, terms and the postal partner; how many rows changed. Joins the caller's operation."""
    people = files.people()
    changed = await steps.put_officers(_officers(people))
    changed += await steps.put_shifts(_shifts(people))
    partner = people.partner
    return changed + await put(
        "courier_partner",
        [PartnerRecord(partner.id, partner.client_id, partner.name_vi, partner.name_en, FOUNDED)],
        key=("id",),
    )


async def enrol_people(*, now: datetime) -> int:
    """Give everybody the means to sign in, who has none yet; how many were enrolled.

    Somebody enrolled before keeps what they have: a password changed since is not put back.
    """
    people = files.people()
    enrolled = 0
    for officer in people.officers:
        if not await _is_enrolled("officer", officer.id):
            await identity.enrol_officer(
                officer_id=officer.id,
                username=officer.username,
                password=officer.password,
                centre_id=sample_id("centre", officer.centre),
                roles=ROLES[officer.role],
                now=now,
            )
            enrolled += 1
    for device in people.devices:
        if not await _is_enrolled("device", device.id):
            await identity.enrol_device(
                device_id=device.id,
                kind=device.kind,
                centre_id=sample_id("centre", device.centre),
                key=device.key,
                now=now,
            )
            enrolled += 1
    if not await _is_enrolled("partner", people.partner.id):
        await identity.register_partner_client(
            client_id=people.partner.client_id,
            partner_id=people.partner.id,
            scopes=PARTNER_SCOPES,
            sandbox=True,
            secret=people.partner.secret,
            now=now,
        )
        enrolled += 1
    return enrolled


def accounts() -> Iterator[tuple[str, str, str]]:
    """Who can sign in to the sample: kind, name, secret. Secrets of the sample are no secrets."""
    people = files.people()
    for officer in people.officers:
        yield officer.role, officer.username, officer.password
    for device in people.devices:
        yield device.kind, str(device.id), device.key
    yield "partner", people.partner.client_id, people.partner.secret


ROLES: Final = {
    "officer": (Caller.OFFICER,),
    "shift_lead": (Caller.OFFICER, Caller.SHIFT_LEAD),
    "centre_leader": (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    "monitor": (Caller.MONITOR,),
    "calendar_editor": (Caller.CALENDAR_EDITOR,),
    "dispatcher": (Caller.DISPATCHER,),
    "message_editor": (Caller.MESSAGE_EDITOR,),
}
ENROLLED: Final = {
    "officer": "SELECT 1 FROM officer_credential WHERE officer_id = $1",
    "device": "SELECT 1 FROM device_credential WHERE device_id = $1",
    "partner": "SELECT 1 FROM partner_client WHERE partner_id = $1",
}


async def _is_enrolled(kind: str, thing_id: uuid.UUID) -> bool:
    return await fetch_value(ENROLLED[kind], thing_id) is not None


def _officers(people: PeopleFile) -> Iterator[OfficerRecord]:
    for entry in people.officers:
        yield OfficerRecord(
            id=entry.id,
            centre_id=sample_id("centre", entry.centre),
            name=entry.name,
            role=entry.role,
            active=True,
            created_at=_began(entry),
        )


def _shifts(people: PeopleFile) -> Iterator[ShiftRecord]:
    for entry in people.officers:
        yield ShiftRecord(
            id=sample_id("shift", f"{entry.username}|{entry.shift.starts_on}"),
            officer_id=entry.id,
            centre_id=sample_id("centre", entry.centre),
            kind=entry.shift.kind,
            starts_on=entry.shift.starts_on,
            ends_on=entry.shift.ends_on,
            decision=people.roster_decision,
            override_reason="",
            version=1,
            created_at=_began(entry),
        )


def _began(entry: OfficerEntry) -> datetime:
    """The first day of the term: the moment of loading would differ the second time."""
    return datetime.combine(entry.shift.starts_on, time(), UTC)
