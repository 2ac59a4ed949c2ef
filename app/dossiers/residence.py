"""Where the matter of a dossier is (nơi cư trú): the commune as it was called then, and which that is now.

Always true:
- the unit of the day the dossier was accepted stays, so that a year's statistics stay;
- which unit it is now follows from the links of the catalogue where there is one answer; where a commune
  was divided somebody is asked, and the answer stands beside the old name, never instead of it;
- an answer that is divided again is a question again.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from app.centres import queries as centres
from app.centres import succession
from app.centres.queries import UnitRow
from app.core.clock import at_local
from app.core.database import fetch, fetch_row, in_transaction
from app.core.rows import select
from app.dossiers import queries
from app.dossiers.errors import DossierNotFound, ResidenceUnknown
from app.dossiers.queries import DossierRow
from app.dossiers.states import Status

PROVINCE: Final = "province"


class ResidenceRow(NamedTuple):
    """As stored. `current_unit_id` is what somebody answered."""

    dossier_id: uuid.UUID
    unit_id: uuid.UUID
    address: str
    current_unit_id: uuid.UUID | None
    answered_at: datetime | None


class Residence(NamedTuple):
    """`then` as it was called, with what it belonged to; `now` where one answer is, else `candidates`."""

    address: str
    then: UnitRow
    belonged_to: Sequence[UnitRow]
    now: UnitRow | None
    candidates: Sequence[UnitRow]
    answered_at: datetime | None


class UnitCount(NamedTuple):
    """Dossiers accepted by a centre of people of a unit; None where nothing was said of a commune."""

    unit_id: uuid.UUID | None
    centre_id: uuid.UUID
    received: int


async def keep(dossier_id: uuid.UUID, unit: UnitRow, *, address: str) -> None:
    """A step of accepting: the unit as it is today."""
    await in_transaction().execute(
        "INSERT INTO dossier_residence (dossier_id, unit_id, address) VALUES ($1, $2, $3)",
        dossier_id,
        unit.id,
        address,
    )


async def of_dossier(dossier_id: uuid.UUID, *, on: date) -> Residence:
    """Then and on the day; raises `ResidenceUnknown` for a dossier that says nothing of a commune."""
    found = await fetch_row(
        select(ResidenceRow, "dossier_residence") + " WHERE dossier_id = $1", dossier_id
    )
    if found is None:
        raise ResidenceUnknown
    row = ResidenceRow(*found)
    then = await centres.any_unit(row.unit_id)
    if then is None:
        raise ResidenceUnknown
    answered = None if row.current_unit_id is None else await centres.any_unit(row.current_unit_id)
    possible = await succession.candidates(answered or then, on=on)
    single = possible[0].unit if len(possible) == 1 and not possible[0].divided else None
    return Residence(
        address=row.address,
        then=then,
        belonged_to=await succession.belonged_to(then),
        now=single,
        candidates=[] if single else [each.unit for each in possible],
        answered_at=row.answered_at,
    )


async def possible_for(residence: Residence, *, on: date) -> frozenset[uuid.UUID]:
    """Every unit that may be answered: also another than before, for an answer may have been wrong."""
    found = await succession.candidates(residence.then, on=on)
    return frozenset(each.unit.id for each in found)


async def at_centre(number: str, *, centre_id: uuid.UUID, on: date) -> DossierRow:
    """A dossier an officer may open for this: of their centre, or of one that has ended.

    What a centre that ended had received goes on where its people are now: with the centres of the communes
    in question, and with the province's. Raises `DossierNotFound`.
    """
    dossier = (await queries.by_number(number)).dossier
    if centre_id in {dossier.centre_id, dossier.processed_at}:
        return dossier
    received = await centres.any_centre(dossier.processed_at)
    if received.valid_to is None or received.valid_to >= on:
        raise DossierNotFound
    mine = await centres.get_centre(centre_id, on=on)
    if mine.tier == PROVINCE:
        return dossier
    try:
        found = await of_dossier(dossier.id, on=on)
    except ResidenceUnknown:
        raise DossierNotFound from None
    if mine.unit_id not in {unit.id for unit in (found.now, *found.candidates) if unit is not None}:
        raise DossierNotFound
    return dossier


async def count_by_unit(*, first: date, last: date) -> Sequence[UnitCount]:
    """Dossiers accepted from the first to the last local day, by the unit of their day and by centre."""
    rows = await fetch(
        "SELECT r.unit_id, d.centre_id, count(*)::int FROM dossier d"
        " LEFT JOIN dossier_residence r ON r.dossier_id = d.id"
        " WHERE d.accepted_at >= $1 AND d.accepted_at < $2 AND d.status <> ALL ($3)"
        " GROUP BY r.unit_id, d.centre_id",
        at_local(first, 0),
        at_local(last, 0) + timedelta(days=1),
        [Status.NEW.value, Status.NOT_ACCEPTED.value],
    )
    return [UnitCount(*row) for row in rows]
