"""Accept a dossier (tiếp nhận hồ sơ): from the ticket being served, or from a sealed package."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from app.appointments import queries as appointments
from app.centres import queries as centres
from app.core import journal, outbox
from app.core.citizen_numbers import validate_citizen_number
from app.core.clock import local_date
from app.core.database import fetch_value, in_transaction
from app.core.dossier_numbers import format_dossier_number
from app.core.ids import new_id
from app.core.keys import keys
from app.core.operation import operation
from app.core.tax_codes import business_id
from app.custody import steps as custody
from app.dossiers import queries, residence
from app.dossiers.competence import competence
from app.dossiers.components import Component, check_components, citizen_index, keep_components
from app.dossiers.errors import (
    AddressWithoutCommune,
    ApplicantIsBusiness,
    DossierAlreadyAccepted,
    DossierSourceMissing,
)
from app.dossiers.events import DossierAccepted, DossierFact, DossierRegistered
from app.dossiers.moving import promised
from app.dossiers.queries import DossierFile
from app.dossiers.reuse import Person
from app.dossiers.states import Status
from app.dossiers.steps import next_number, note_status
from app.procedures import queries as procedures
from app.procedures.errors import ProcedureNotFound
from app.queue import steps as queue


class Applicant(NamedTuple):
    """Whose it is, a person's or a business's. The personal number is sealed on the way to the row.

    `tax_code` unset: of the business the appointment was for, if any; None: a person's all the same.
    """

    name: str
    phone: str | None
    citizen_number: str | None
    locale: str
    tax_code: str | UnsetType | None = UNSET


class Source(NamedTuple):
    """Where the dossier comes from, and whose it is when that is known."""

    channel: str
    ticket_id: uuid.UUID | None
    package_id: uuid.UUID | None
    citizen_id: uuid.UUID | None
    tax_code: str | None = None

    def owner(self, tax_code: str | None) -> uuid.UUID | None:
        """Whose papers and result they are: a business has its own, and nobody who acts for it."""
        return self.citizen_id if tax_code is None else business_id(tax_code)


@operation
async def accept(
    *,
    centre_id: uuid.UUID,
    procedure_code: str,
    ticket_id: uuid.UUID | None,
    seal: str | None,
    applicant: Applicant,
    components: Sequence[Component],
    return_mode: str,
    now: datetime,
    register_only: bool = False,
    commune: str | None = None,
    address: str = "",
) -> DossierFile:
    """Give the dossier its number and its promised moment; one that is only registered (status 1) waits for
    both an officer's word and its promise. Where another centre decides it, that one has it from now on.

    Raises `DossierSourceMissing` unless exactly one of ticket and seal is given, `ProcedureNotFound`,
    `UnknownComponent`, `ApplicantIsBusiness`, whatever `competence` refuses, and whatever makes the ticket
    or package unusable.
    """
    today = local_date(now)
    centre = await centres.get_centre(centre_id, on=today)
    procedure = await procedures.by_code(procedure_code, on=today)
    if procedure is None:
        raise ProcedureNotFound
    if address and commune is None:
        raise AddressWithoutCommune
    decides = await competence(centre, procedure, commune=commune, on=today)
    procedure_code = procedure.code
    source = await source_of(centre_id, ticket_id, seal)
    await _refuse_second(source.package_id, procedure_code)
    tax_code = source.tax_code if applicant.tax_code is UNSET else applicant.tax_code
    if tax_code is not None and applicant.citizen_number is not None:
        raise ApplicantIsBusiness
    owner_id, index = source.owner(tax_code), citizen_index(applicant.citizen_number)
    person = Person(owner_id, index)
    reused = await check_components(components, procedure, centre_id, source.package_id, person, now=now)
    status = Status.NEW if register_only else Status.ACCEPTED
    due_at = None if register_only else await promised(procedure_code, accepted_at=now)
    dossier_id = new_id()
    number = format_dossier_number(
        centre.agency_code,
        today,
        await next_number(centre.agency_code, today),
    )
    await in_transaction().execute(
        "INSERT INTO dossier (id, number, centre_id, procedure_code, citizen_id, applicant_name,"
        " applicant_phone, locale, citizen_no_sealed, citizen_no_index, channel, ticket_id,"
        " package_id, return_mode, status, accepted_at, due_at, competent_centre_id, tax_code)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)",
        dossier_id,
        number,
        centre_id,
        procedure_code,
        owner_id,
        applicant.name,
        applicant.phone,
        applicant.locale,
        _sealed_number(applicant.citizen_number, dossier_id),
        index,
        source.channel,
        source.ticket_id,
        source.package_id,
        return_mode,
        status.value,
        now,
        due_at,
        decides.centre_id,
        tax_code,
    )
    await keep_components(dossier_id, number, components, reused, citizen_id=owner_id, now=now)
    if decides.unit is not None:
        await residence.keep(dossier_id, decides.unit, address=address)
    await note_status(dossier_id, status, at=now)
    known: dict[str, Any] = {
        "occurred_at": now,
        "dossier_id": dossier_id,
        "dossier_number": number,
        "centre_id": centre_id,
        "procedure_code": procedure_code,
        "version": 1,
    }
    fact: DossierFact = (
        DossierRegistered(**known, status=status.value, due_at=None)
        if due_at is None
        else DossierAccepted(
            **known, due_at=due_at, ticket_id=source.ticket_id, package_id=source.package_id
        )
    )
    await outbox.record(fact)
    await journal.write(
        fact.kind,
        object_kind="dossier",
        object_id=dossier_id,
        at=now,
        detail={
            "number": number,
            "ticket": str(source.ticket_id) if source.ticket_id else None,
            "package": str(source.package_id) if source.package_id else None,
            "competent": str(decides.centre_id) if decides.centre_id else None,
        },
    )
    return await queries.by_number(number)


async def source_of(centre_id: uuid.UUID, ticket_id: uuid.UUID | None, seal: str | None) -> Source:
    """The ticket being served here or the package received here.

    Raises `DossierSourceMissing` unless exactly one is given, and whatever makes it unusable.
    """
    if (ticket_id is None) == (seal is None):
        raise DossierSourceMissing
    if ticket_id is not None:
        ticket = await queue.serving_ticket(ticket_id, centre_id=centre_id)
        return Source(
            "counter", ticket_id, None, ticket.citizen_id, await _business_of(ticket.appointment_id)
        )
    package = await custody.received_package(str(seal), centre_id=centre_id)
    return Source("postal", None, package.id, package.citizen_id)


async def _business_of(appointment_id: uuid.UUID | None) -> str | None:
    """The tax code of the business somebody came for."""
    appointment = None if appointment_id is None else await appointments.by_id(appointment_id)
    return None if appointment is None else appointment.tax_code


async def _refuse_second(package_id: uuid.UUID | None, procedure_code: str) -> None:
    """A package becomes one dossier of a procedure."""
    known = await fetch_value(
        "SELECT number FROM dossier WHERE package_id = $1 AND procedure_code = $2",
        package_id,
        procedure_code,
    )
    if known is not None:
        raise DossierAlreadyAccepted(number=known)


def _sealed_number(citizen_number: str | None, dossier_id: uuid.UUID) -> bytes | None:
    """The number as it is kept: encrypted for this row."""
    if citizen_number is None:
        return None
    number = validate_citizen_number(citizen_number)
    return keys().fields.encrypt(number.encode(), place=f"dossier|citizen_no_sealed|{dossier_id}")
