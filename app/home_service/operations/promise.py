"""Promise a window: a place in the ledger and one in a round, or a refusal with alternatives."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from app.appointments import steps as appointments
from app.appointments.places import Channel
from app.businesses import steps as businesses
from app.core.clock import local_date
from app.core.database import fetch_row, in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.references import new_reference
from app.dossiers import queries as dossiers
from app.dossiers.errors import DossierNotFound
from app.dossiers.states import Status
from app.home_service import fees, queries, rules, windows
from app.home_service.eligibility import why_not_at_home
from app.home_service.errors import (
    DossierNotReady,
    OutOfReach,
    WindowGone,
)
from app.home_service.events import HomeVisitConfirmed
from app.home_service.queries import COLUMNS, HomeVisitRow, VisitFile
from app.home_service.states import Kind, State
from app.home_service.steps import name_courier, put_into_round, tell
from app.home_service.windows import Place
from app.procedures import queries as procedures
from app.procedures.errors import ProcedureNotFound
from app.rounds import asking, live, plans
from app.rounds.asking import Times
from app.rounds.plans import Turn


class Door(NamedTuple):
    """Where, and whom to ask for."""

    address_text: str
    commune: str
    lat: float
    lon: float
    contact_name: str
    contact_phone: str
    locale: str
    note: str


class _Window(NamedTuple):
    id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime


class _NotKept(Exception):
    """The window cannot be kept; what can is looked for after the transaction has ended."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


async def promise(
    *,
    citizen_id: uuid.UUID,
    kind: Kind,
    procedure_codes: Sequence[str],
    window_id: uuid.UUID,
    door: Door,
    dossier_number: str | None,
    now: datetime,
) -> VisitFile:
    """Take the window and a place in somebody's round, proved again in the same transaction.

    Raises `PresenceRequired`, `Paperless`, `NotAtHome`, `OutOfReach`, `DossierNotReady`, or `WindowGone`
    with windows that can still be kept.
    """
    window = await _window(window_id)
    codes = await procedures.current_codes(procedure_codes, on=local_date(now))
    try:
        async with plans.turn([] if window is None else [local_date(window.starts_at)]) as turn:
            return await _promise(
                citizen_id=citizen_id,
                kind=kind,
                codes=codes,
                window=window,
                door=door,
                dossier_number=dossier_number,
                turn=turn,
                now=now,
            )
    except _NotKept as lost:
        found = await windows.others(lost.place, kind, codes, now=now)
        raise WindowGone(alternatives=found) from None


@operation
async def _promise(
    *,
    citizen_id: uuid.UUID,
    kind: Kind,
    codes: Sequence[str],
    window: _Window | None,
    door: Door,
    dossier_number: str | None,
    turn: Turn,
    now: datetime,
) -> VisitFile:
    if not rules.is_near_the_province(door.lat, door.lon):
        raise OutOfReach
    await _check_procedures(kind, codes, door, now=now)
    await _check_dossier(kind, dossier_number, citizen_id, now)
    place = await windows.place_of(door.lat, door.lon, commune=door.commune, now=now)
    if place is None:
        raise OutOfReach
    if window is None or window.pool_id != place.zone.id:
        raise _NotKept(place)
    wish = place.wish(kind, codes)
    asked = await asking.what(wish)
    times = Times(window.starts_at, window.ends_at)
    # Asked before the day is locked: who is too late holds nobody up.
    if await asking.quote(wish, asked, [times], now=now) != [None]:
        raise _NotKept(place)
    date = local_date(window.starts_at)
    day = (await live.locked([date], now=now, asked=asked.skills))[date]
    # An area may have been closed while this waited for the day: whoever closes one holds its days.
    if await asking.is_area_closed(wish, *times):
        raise _NotKept(place)
    if not await appointments.take_place(window.id, channel=Channel.ONLINE):
        raise _NotKept(place)
    visit = await _insert(window, citizen_id, kind, codes, door, dossier_number, now)
    turn.made = await put_into_round(visit, day, asked, because="promised", now=now)
    if turn.made is None:
        raise _NotKept(place)
    await fees.charge(visit, now=now)
    visit = await name_courier(visit, now=now)
    await tell(HomeVisitConfirmed, visit, now=now)
    return await queries.file_of(visit)


async def _check_procedures(kind: Kind, codes: Sequence[str], door: Door, *, now: datetime) -> None:
    found = await procedures.by_codes(codes, on=local_date(now))
    for code in codes:
        procedure = found.get(code)
        if procedure is None:
            raise ProcedureNotFound
        refusal = why_not_at_home(kind, procedure)
        if refusal is not None:
            refusal.facts["alternatives"] = await windows.instead(
                refusal, code, door.lat, door.lon, now=now
            )
            raise refusal


async def _check_dossier(kind: Kind, number: str | None, citizen_id: uuid.UUID, now: datetime) -> None:
    """A delivery brings the result of one's own dossier or of one's business's, once it is there."""
    if kind is not Kind.DELIVERY:
        return
    if number is None:
        raise DossierNotFound
    file = await dossiers.of_citizen(number, citizen_id=citizen_id, on=local_date(now))
    if file.dossier.tax_code is not None:
        await businesses.act_for(file.dossier.tax_code, citizen_id=citizen_id, on=local_date(now))
    if file.dossier.status != Status.DONE:
        raise DossierNotReady


async def _window(window_id: uuid.UUID) -> _Window | None:
    row = await fetch_row(
        "SELECT id, centre_id, pool_id, starts_at, ends_at FROM slot WHERE id = $1", window_id
    )
    return None if row is None else _Window(*row)


async def _insert(
    window: _Window,
    citizen_id: uuid.UUID,
    kind: Kind,
    codes: Sequence[str],
    door: Door,
    dossier_number: str | None,
    now: datetime,
) -> HomeVisitRow:
    """References are random; a collision is simply tried again."""
    row: asyncpg.Record | None = None
    while row is None:
        row = await in_transaction().fetchrow(
            "INSERT INTO home_visit (id, reference, kind, citizen_id, centre_id, pool_id, slot_id,"
            " starts_at, ends_at, procedure_codes, dossier_number, address_text, commune, lat, lon,"
            " contact_name, contact_phone, locale, note, state, created_at)"
            " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21)"
            f" ON CONFLICT (reference) DO NOTHING RETURNING {COLUMNS}",
            new_id(),
            new_reference(),
            kind.value,
            citizen_id,
            window.centre_id,
            window.pool_id,
            window.id,
            window.starts_at,
            window.ends_at,
            list(codes),
            dossier_number,
            door.address_text,
            door.commune,
            door.lat,
            door.lon,
            door.contact_name,
            door.contact_phone,
            door.locale,
            door.note,
            State.CONFIRMED.value,
            now,
        )
    return HomeVisitRow(*row)
