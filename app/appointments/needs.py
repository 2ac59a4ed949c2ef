"""What a visit needs: how long, of which sectors, and which pools can give it, from the catalogue.

The catalogue and the booking rules change by decision and by date, a few times a year; they are asked
once in ten seconds per question and process, and a refusal is never remembered.
"""

import uuid
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from app.appointments import booking_rules, rules
from app.appointments.errors import (
    ItemsNotValid,
    NotServedTogether,
    ProcedureNotOffered,
    VisitTooLong,
)
from app.appointments.rules import BookingRules
from app.centres import queries as centres
from app.core.clock import local_date
from app.procedures import queries as procedures

REMEMBERED_FOR: Final = timedelta(seconds=10)
MOST_REMEMBERED: Final = 2048


class Item(NamedTuple):
    """What somebody comes for, and how often (chứng thực 3 bản; khai sinh cho 2 con).

    A quantity is papers of one person or people of one family: either way one visit, one reference, and as
    many grains as all of them need one after another, in one pool or not at all.
    """

    procedure: str
    quantity: int


class StoredItem(msgspec.Struct, frozen=True):
    """An item as the appointment keeps it, with the grains it was given."""

    procedure: str
    quantity: int
    grains: int


class Need(NamedTuple):
    """A visit in the terms of one centre, and the rules it books by on the day of asking."""

    centre_id: uuid.UUID
    items: tuple[StoredItem, ...]
    grains: int
    length: timedelta
    sectors: tuple[str, ...]
    pool_ids: tuple[uuid.UUID, ...]
    rules: BookingRules

    @property
    def stored_items(self) -> str:
        return msgspec.json.encode(self.items).decode()

    @property
    def claims(self) -> list[list[str]]:
        return rules.claims(self.sectors, self.rules)

    def lets_book(self, starts_at: datetime, *, now: datetime) -> bool:
        """Whether the centre's rules let anybody book this start now."""
        return booking_rules.is_bookable(self.centre_id, starts_at, now=now, by=self.rules)


class _Question(NamedTuple):
    centre_id: uuid.UUID
    items: tuple[Item, ...]
    on: date
    asked_on: date


_remembered: "OrderedDict[_Question, tuple[datetime, Need]]" = OrderedDict()


async def need_of(
    centre_id: uuid.UUID, items: Sequence[Item], *, starts_at: datetime, now: datetime
) -> Need:
    """What these items need at the centre on that day; of a day that is over, as of today.

    Raises `ItemsNotValid`, `CentreNotFound`, `ProcedureNotOffered`, `VisitTooLong`,
    `NotServedTogether`.
    """
    on = max(local_date(starts_at), local_date(now))
    return await need_on(centre_id, items, on=on, now=now)


async def need_on(centre_id: uuid.UUID, items: Sequence[Item], *, on: date, now: datetime) -> Need:
    """The same for a day of the centre."""
    question = _Question(centre_id, tuple(items), on, local_date(now))
    known = _remembered.get(question)
    if known is not None and abs(now - known[0]) < REMEMBERED_FOR:
        return known[1]
    need = await _look_up(question)
    _remembered[question] = (now, need)
    _remembered.move_to_end(question)
    if len(_remembered) > MOST_REMEMBERED:
        _remembered.popitem(last=False)
    return need


def forget() -> None:
    """Ask the catalogue and the rules again."""
    _remembered.clear()


async def _look_up(question: _Question) -> Need:
    codes = [item.procedure for item in question.items]
    if not codes or len(set(codes)) != len(codes):
        raise ItemsNotValid
    centre = await centres.get_centre(question.centre_id, on=question.on)
    offers = await procedures.offers(question.centre_id, codes, on=question.on)
    known = await procedures.by_codes(codes, on=question.on)
    missing = [code for code in codes if code not in offers or code not in known]
    if missing:
        raise ProcedureNotOffered(procedures=", ".join(missing))
    items = tuple(
        StoredItem(known[item.procedure].code, item.quantity, offers[item.procedure].grains * item.quantity)
        for item in question.items
    )
    # Two codes may be one procedure, the older and the newer.
    called = [item.procedure for item in items]
    if len(set(called)) != len(called):
        raise ItemsNotValid
    grains = sum(item.grains for item in items)
    if grains > rules.MOST_GRAINS:
        raise VisitTooLong(most=rules.MOST_GRAINS)
    pool_ids = await procedures.pools_serving(question.centre_id, called)
    if not pool_ids:
        raise NotServedTogether
    return Need(
        centre_id=question.centre_id,
        items=items,
        grains=grains,
        length=timedelta(minutes=grains * centre.grain_minutes),
        sectors=tuple(sorted({known[code].sector for code in codes})),
        pool_ids=tuple(pool_ids),
        rules=await booking_rules.rules_of(question.centre_id, on=question.asked_on),
    )
