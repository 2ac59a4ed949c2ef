"""Prepare a form for the press: all that stands on it is read at one moment, and its printing noted."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from app.centres import queries as centres
from app.core import journal
from app.core.clock import local_date
from app.core.operation import operation
from app.dossiers import due, records
from app.dossiers import queries as dossiers
from app.forms import rules
from app.forms.editions import Form, edition_on
from app.forms.errors import FormNotFitting, FormNotFound
from app.forms.press import Sheet
from app.forms.queries import Record, record_of
from app.forms.sheets.control_slip import control_slip
from app.forms.sheets.heading import heading, letterhead
from app.forms.sheets.notice import notice
from app.forms.sheets.receipt import receipt
from app.forms.sheets.register import register
from app.procedures import queries as procedures


@operation
async def prepare(*, number: str, form: Form, centre_id: uuid.UUID, now: datetime) -> Sheet:
    """All that stands on the form, in the edition of its day: of the decision it tells, or of acceptance.

    While an apology is drafted for the promise that stands, form 04 is the draft a leader
    completes and signs.

    Raises `DossierNotFound` for another centre's dossier, `FormNotFitting` when there is nothing of the
    kind to say about this one, `FormNotFound` for the register of a centre the officer is not of,
    `FormNotInForce` for a day before the first edition.
    """
    await records.keep_still(number)
    dossier = (await dossiers.at_centre(number, centre_id=centre_id)).dossier
    if form is Form.REGISTER and dossier.centre_id != centre_id:
        raise FormNotFound  # The competent centre knows this dossier, and not the others of that day.
    move = rules.DECISIONS.get(form)
    draft = await due.apology_draft(dossier.id) if form is Form.APOLOGY else None
    decision = draft if draft or move is None else await dossiers.latest_decision(dossier.id, move)
    signers = () if decision is None or draft else (decision.actor_id,)
    record = await record_of(dossier, decided_by=signers)
    if decision is None and (move is not None or not record.was_accepted):
        raise FormNotFitting(form=form.value, dossier_status=dossier.status)
    edition = edition_on(record.accepted_on if decision is None else local_date(decision.at))
    first = letterhead if form is Form.REGISTER else heading
    said = (
        notice(record, decision, draft=draft is not None)
        if decision is not None
        else await WRITERS[form](record, now)
    )
    await journal.write(
        "form.printed",
        object_kind="dossier",
        object_id=dossier.id,
        at=now,
        detail={"number": number, "form": form.value, "edition": edition.folder},
    )
    return Sheet(edition.folder, form, {"head": first(form, record, edition=edition, now=now), **said})


async def _receipt(record: Record, _now: datetime) -> dict[str, Any]:
    return receipt(record)


async def _control_slip(record: Record, now: datetime) -> dict[str, Any]:
    return control_slip(record, calendar=await centres.load_working_calendar(), now=now)


async def _register(record: Record, _now: datetime) -> dict[str, Any]:
    line = record.line
    assert line is not None, "an accepted dossier has a line"
    centre_id, day = record.dossier.centre_id, record.accepted_on
    lines = await records.register_sheet(line, centre_id=centre_id, day=day)
    known = await procedures.by_codes({row.procedure_code for row in lines}, on=day)
    return register(
        record,
        line,
        lines=lines,
        length=await records.register_length(centre_id=centre_id, day=day),
        names={code: row.name_vi for code, row in known.items()},
    )


WRITERS: Final[Mapping[Form, Callable[[Record, datetime], Awaitable[dict[str, Any]]]]] = MappingProxyType(
    {Form.RECEIPT: _receipt, Form.CONTROL_SLIP: _control_slip, Form.REGISTER: _register}
)
