"""Windows that can be kept at an address; without any, why, and what else there is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from app.appointments import free_places, needs
from app.appointments import queries as appointments
from app.appointments.needs import Item
from app.appointments.queries import SlotRow
from app.centres import queries as centres
from app.centres import rules as centre_rules
from app.centres.queries import PoolRow
from app.core.clock import local, local_date
from app.core.errors import Refusal
from app.home_service import rules
from app.home_service.eligibility import why_not_at_home
from app.home_service.errors import OutOfReach, Paperless, PresenceRequired
from app.home_service.states import Kind
from app.procedures import queries as procedures
from app.procedures.errors import ProcedureNotFound
from app.rounds import asking
from app.rounds.asking import Times, Wish
from app.rounds.day import Closed

ALTERNATIVES: Final = 5
ALTERNATIVE_DAYS: Final = timedelta(days=14)
NEAR_CENTRES: Final = 3
# Of several reasons the one people can do most about is told.
TELLING: Final = (
    Closed.FULL,
    Closed.CAPACITY,
    Closed.AREA_CLOSED,
    Closed.NO_SKILLED_COURIER,
    Closed.CUTOFF,
)


class Windows(NamedTuple):
    """Windows that can be kept; without any, why, and what else could be done."""

    windows: Sequence[SlotRow]
    reason: str | None
    alternatives: Sequence[dict[str, Any]] = ()
    because: Refusal | None = None


class Place(NamedTuple):
    """An address as the rounds know it: whose zone it is in, and in which commune."""

    zone: PoolRow
    commune: str
    lat: float
    lon: float

    def wish(self, kind: Kind, codes: Sequence[str]) -> Wish:
        at_centroid = rules.is_commune_point(self.lat, self.lon, self.zone.lat, self.zone.lon)
        return Wish(kind.value, codes, self.commune, self.lat, self.lon, at_centroid)


async def place_of(lat: float, lon: float, *, commune: str | None, now: datetime) -> Place | None:
    """Where an address is, or None when nobody goes there."""
    if not rules.is_near_the_province(lat, lon):
        return None
    found = await centres.zone_and_commune(on=local_date(now), commune_code=commune, lat=lat, lon=lon)
    return None if found is None else Place(found[0], found[1], lat, lon)


async def windows(
    *,
    kind: Kind,
    procedure_code: str,
    lat: float,
    lon: float,
    start: datetime,
    end: datetime,
    now: datetime,
    commune: str | None = None,
) -> Windows:
    """Windows between two moments that can be kept; raises `ProcedureNotFound`."""
    procedure = await procedures.by_code(procedure_code, on=local_date(now))
    if procedure is None:
        raise ProcedureNotFound
    code = procedure.code
    refusal = why_not_at_home(kind, procedure)
    if refusal is not None:
        return Windows([], refusal.code, await instead(refusal, code, lat, lon, now=now), refusal)
    place = await place_of(lat, lon, commune=commune, now=now)
    if place is None:
        return Windows([], OutOfReach.code)
    kept, reason = await that_can_be_kept(place, kind, [code], start=start, end=end, now=now)
    if kept:
        return Windows(kept, None)
    return Windows([], reason, await others(place, kind, [code], now=now))


async def that_can_be_kept(
    place: Place, kind: Kind, codes: Sequence[str], *, start: datetime, end: datetime, now: datetime
) -> tuple[list[SlotRow], str]:
    """Slots of the zone whose rounds have a place, and the reason that stands for those without."""
    slots = await appointments.open_slots(place.zone.id, start=start, end=end)
    wish = place.wish(kind, codes)
    verdicts = await asking.quote(
        wish, await asking.what(wish), [Times(slot.starts_at, slot.ends_at) for slot in slots], now=now
    )
    reasons = {
        verdict or Closed.FULL
        for slot, verdict in zip(slots, verdicts, strict=True)
        if verdict is not None or slot.taken_online >= slot.online_cap
    }
    kept = [
        slot
        for slot, verdict in zip(slots, verdicts, strict=True)
        if verdict is None and slot.taken_online < slot.online_cap
    ]
    if not reasons:
        reasons = {Closed.CUTOFF if end <= now + rules.CUT_OFF else Closed.FULL}
    return kept, next(reason for reason in TELLING if reason in reasons).value


async def others(place: Place, kind: Kind, codes: Sequence[str], *, now: datetime) -> list[dict[str, Any]]:
    """The first windows of the coming days that can be kept at this address."""
    kept, _ = await that_can_be_kept(place, kind, codes, start=now, end=now + ALTERNATIVE_DAYS, now=now)
    return [
        {
            "id": str(slot.id),
            "starts_at": local(slot.starts_at).isoformat(),
            "ends_at": local(slot.ends_at).isoformat(),
        }
        for slot in kept[:ALTERNATIVES]
    ]


async def instead(
    refusal: Refusal, code: str, lat: float, lon: float, *, now: datetime
) -> list[dict[str, Any]]:
    """What else a person can do whose procedure is not done at home: at a counter, or online with help."""
    if isinstance(refusal, Paperless):
        return [{"offer": "assisted_online", "procedure": code}]
    if not isinstance(refusal, PresenceRequired):
        return []
    return await nearest_slots(code, lat, lon, now=now)


async def nearest_slots(code: str, lat: float, lon: float, *, now: datetime) -> list[dict[str, Any]]:
    """The next free places at the counters nearest to a door, centre by centre."""
    on = local_date(now)
    offering = await procedures.centres_offering(code, on=on)
    here = centre_rules.Point(lat, lon)
    near = sorted(
        (centre for centre in await centres.centres_on(on) if centre.id in offering),
        key=lambda centre: centre_rules.distance_km(here, centre_rules.Point(centre.lat, centre.lon)),
    )
    found: list[dict[str, Any]] = []
    for centre in near[:NEAR_CENTRES]:
        try:
            need = await needs.need_of(centre.id, [Item(code, 1)], starts_at=now, now=now)
        except Refusal:
            continue  # This centre takes it only together with something else.
        seats = await free_places.bookable_seats(need, now=now)
        found += [
            {
                "centre_id": str(centre.id),
                "starts_at": local(seat.starts_at).isoformat(),
                "ends_at": local(seat.ends_at).isoformat(),
                "seats": seat.seats,
            }
            for seat in seats[: ALTERNATIVES - len(found)]
        ]
    return found
