"""Prepare a form for the press: all that stands on it is read at one moment, and its printing noted."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from app.centres import queries as centres
from app.core import journal
from app.core.operation import operation
from app.dossiers import queries as dossiers
from app.dossiers import records
from app.dossiers.states import Status
from app.forms import rules
from app.forms.editions import Form, edition_on
from app.forms.errors import FormNotFitting
from app.forms.press import Sheet
from app.forms.queries import Record, record_of
from app.forms.sheets.control_slip import control_slip
from app.forms.sheets.heading import heading, letterhead
from app.forms.sheets.receipt import receipt
from app.forms.sheets.register import register
from app.procedures import queries as procedures


@operation
async def prepare(*, number: str, form: Form, centre_id: uuid.UUID, now: datetime) -> Sheet:
    """All that stands on the form, in the edition of its day.

    Raises `DossierNotFound` for another centre's dossier, `FormNotFitting` when there is nothing of the
    kind to say about this one, `FormNotInForce` for a day before the first edition.
    """
    await records.keep_still(number)
    file = await dossiers.at_centre(number, centre_id=centre_id)
    write = WRITERS.get(form)
    taken = file.dossier.due_at is not None and rules.was_accepted(Status(file.dossier.status))
    if write is None or not taken:
        raise FormNotFitting(form=form.value, dossier_status=file.dossier.status)
    record = await record_of(file.dossier)
    edition = edition_on(record.accepted_on)
    first = letterhead if form is Form.REGISTER else heading
    facts = {"head": first(form, record, edition=edition, now=now), **await write(record, now)}
    await journal.write(
        "form.printed",
        object_kind="dossier",
        object_id=file.dossier.id,
        at=now,
        detail={"number": number, "form": form.value, "edition": edition.folder},
    )
    return Sheet(edition.folder, form, facts)


async def _receipt(record: Record, _now: datetime) -> dict[str, Any]:
    return receipt(record)


async def _control_slip(record: Record, now: datetime) -> dict[str, Any]:
    return control_slip(record, calendar=await centres.load_working_calendar(), now=now)


async def _register(record: Record, _now: datetime) -> dict[str, Any]:
    centre_id, day = record.dossier.centre_id, record.accepted_on
    lines = await records.register_sheet(record.line, centre_id=centre_id, day=day)
    known = await procedures.by_codes({row.procedure_code for row in lines}, on=day)
    return register(
        record,
        lines=lines,
        length=await records.register_length(centre_id=centre_id, day=day),
        names={code: row.name_vi for code, row in known.items()},
    )


WRITERS: Final[Mapping[Form, Callable[[Record, datetime], Awaitable[dict[str, Any]]]]] = MappingProxyType(
    {Form.RECEIPT: _receipt, Form.CONTROL_SLIP: _control_slip, Form.REGISTER: _register}
)
