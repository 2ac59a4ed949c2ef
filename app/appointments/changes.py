"""Changes of a centre's capacity: what is asked for, and what a slot becomes by it. Pure."""

import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

import msgspec

from app.appointments import rules
from app.appointments.places import Room
from app.appointments.queries import OpeningRow

PROPOSAL_LASTS: Final = timedelta(minutes=30)
LONGEST_CLOSURE: Final = timedelta(days=14)


class Orphans(StrEnum):
    """What becomes of those who lose their place (người mất chỗ)."""

    KEEP = "keep"  # giữ lịch, chờ xếp lại
    CANCEL = "cancel"  # hủy lịch
    MOVE = "move"  # chuyển sang giờ khác


class Close(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="close"):
    """Nobody is received from–to, in one pool or at all counters; `windows` closes visit windows too."""

    starts_at: datetime
    ends_at: datetime
    pool_id: uuid.UUID | None = None
    windows: bool = False


class Counters(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="counters"):
    """An opening has another number of counters from now on."""

    opening_id: uuid.UUID
    counters: int


class End(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """An opening ends at another time."""

    opening_id: uuid.UUID
    ends_at: datetime


Change: TypeAlias = Close | Counters | End


class LedgerSlot(NamedTuple):
    """A slot with all that decides who fits into it."""

    id: uuid.UUID
    pool_id: uuid.UUID
    opening_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    open: bool
    capacity: int
    online_cap: int
    partner_cap: int
    walkin_floor: int
    overbook_limit: int
    taken_online: int
    taken_partner: int
    taken_staff: int
    taken_walkin: int

    @property
    def promised(self) -> int:
        return self.taken_online + self.taken_partner + self.taken_staff

    @property
    def room(self) -> Room:
        """Its places alone."""
        return Room(*(getattr(self, name) for name in Room._fields))


def touches(change: Change, slot: LedgerSlot, *, now: datetime) -> bool:
    """Whether the change says something of this slot. What has begun stays as it was."""
    if slot.starts_at < now or not slot.open:
        return False
    match change:
        case Close():
            return (
                change.pool_id in {None, slot.pool_id}
                and slot.starts_at < change.ends_at
                and slot.ends_at > change.starts_at
            )
        case Counters():
            return slot.opening_id == change.opening_id
        case End():
            return slot.opening_id == change.opening_id and slot.ends_at > change.ends_at


def after(change: Change, slot: LedgerSlot) -> LedgerSlot:
    """What a slot the change touches is meant to become, before anybody's places are counted."""
    if not isinstance(change, Counters):
        return slot._replace(open=False)
    share = slot.online_cap / slot.capacity if slot.capacity else 0.0
    shares = rules.shares(
        counters=change.counters,
        online_share=share,
        walkin_floor=min(slot.walkin_floor, change.counters),
    )
    return slot._replace(capacity=change.counters, **shares._asdict())


def keeping(slot: LedgerSlot) -> LedgerSlot:
    """The slot with room made for everybody it has promised a place: promises outrank shares and floors.

    Beyond its places stand only those whom officers booked.
    """
    citizens = slot.taken_online + slot.taken_partner + slot.taken_walkin
    return slot._replace(
        capacity=max(slot.capacity, citizens, citizens + slot.taken_staff - slot.overbook_limit),
        online_cap=max(slot.online_cap, slot.taken_online),
        partner_cap=max(slot.partner_cap, slot.taken_partner),
        walkin_floor=min(slot.walkin_floor, max(slot.capacity - slot.promised, 0)),
    )


def stretch(change: Change, opening: OpeningRow | None) -> tuple[datetime, datetime]:
    """From when until when the centre's capacity is another one."""
    if isinstance(change, Close):
        return change.starts_at, change.ends_at
    assert opening is not None
    end = change.ends_at if isinstance(change, End) else opening.ends_at
    return opening.starts_at, max(opening.ends_at, end)


def faults(change: Change, opening: OpeningRow | None, *, now: datetime) -> list[tuple[str, str]]:
    """What is wrong with a change: (field, code) pairs, empty when nothing is."""
    match change:
        case Close():
            found = [
                (change.ends_at <= change.starts_at, "ends_at", "not_after_start"),
                (change.ends_at <= now, "ends_at", "in_the_past"),
                (change.ends_at - change.starts_at > LONGEST_CLOSURE, "ends_at", "too_long"),
            ]
        case Counters():
            found = [
                (opening is not None and opening.ends_at <= now, "opening_id", "in_the_past"),
                (opening is not None and opening.counters == change.counters, "counters", "unchanged"),
            ]
        case End():
            assert opening is not None
            grain = timedelta(minutes=opening.grain_minutes)
            length = change.ends_at - opening.starts_at
            found = [
                (change.ends_at == opening.ends_at, "ends_at", "unchanged"),
                (length <= timedelta(0), "ends_at", "not_after_start"),
                (change.ends_at < now, "ends_at", "in_the_past"),
                (length > rules.LONGEST_OPENING, "ends_at", "too_long"),
                (length % grain != timedelta(0), "ends_at", "not_dividing"),
            ]
    return [(field, code) for wrong, field, code in found if wrong]
