"""Places of a slot: who may still take one, told to PostgreSQL and to us in the same words.

PostgreSQL is the judge of every place that is taken (`hot.py`). The same guard stands here as a pure
function for whoever plans several steps before taking the first (`placing.py`); a test asks both of the
same rows.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Channel(StrEnum):
    """Which way a place was taken (kênh đặt lịch)."""

    ONLINE = "online"
    PARTNER = "partner"
    STAFF = "staff"
    WALKIN = "walkin"


PROMISED: Final = "taken_online + taken_partner + taken_staff"
# Nobody but walk-ins and officers may use what is kept for walk-ins.
BESIDE_WALKINS: Final = f"capacity - ({PROMISED} + GREATEST(taken_walkin, walkin_floor))"

# How many places a channel can still take, from the columns of the slot alone.
PLACES_LEFT: Final[Mapping[Channel, str]] = MappingProxyType(
    {
        Channel.ONLINE: f"LEAST(online_cap - taken_online, {BESIDE_WALKINS})",
        Channel.PARTNER: f"LEAST(partner_cap - taken_partner, {BESIDE_WALKINS})",
        Channel.STAFF: f"capacity + overbook_limit - ({PROMISED} + taken_walkin)",
        Channel.WALKIN: f"capacity - ({PROMISED} + taken_walkin)",
    }
)


class Room(NamedTuple):
    """The places of one slot and who took them; fields are named as the columns of the slot."""

    capacity: int
    online_cap: int
    partner_cap: int
    walkin_floor: int
    overbook_limit: int
    taken_online: int = 0
    taken_partner: int = 0
    taken_staff: int = 0
    taken_walkin: int = 0

    def changed(self, channel: Channel, by: int) -> "Room":
        """The same slot after so many places were taken, or given back when negative."""
        column = f"taken_{channel.value}"
        return self._replace(**{column: getattr(self, column) + by})


# Whether a slot has room: how many places a channel can still take in it.
Judge = Callable[[Room, Channel], int]


def left(room: Room, channel: Channel) -> int:
    """How many more a channel may take: `PLACES_LEFT`, for somebody who comes now."""
    promised = room.taken_online + room.taken_partner + room.taken_staff
    beside_walkins = room.capacity - (promised + max(room.taken_walkin, room.walkin_floor))
    match channel:
        case Channel.ONLINE:
            return min(room.online_cap - room.taken_online, beside_walkins)
        case Channel.PARTNER:
            return min(room.partner_cap - room.taken_partner, beside_walkins)
        case Channel.STAFF:
            return room.capacity + room.overbook_limit - (promised + room.taken_walkin)
        case Channel.WALKIN:
            return room.capacity - (promised + room.taken_walkin)


def kept(room: Room, channel: Channel) -> int:
    """How many more a channel may keep, of those who have been promised a place already.

    Unlike `left` it does not depend on who came first: an officer who took the last place beside
    somebody booked online is no reason to send the latter home. The bounds lie one within the other
    (online and partner; with walk-ins; with officers), so whoever stays stays in any order.
    """
    citizens = room.taken_online + room.taken_partner
    all_of_them = room.capacity + room.overbook_limit - citizens - room.taken_walkin - room.taken_staff
    if channel is Channel.STAFF:
        return all_of_them
    within_capacity = min(room.capacity - citizens - room.taken_walkin, all_of_them)
    if channel is Channel.WALKIN:
        return within_capacity
    booked = min(room.capacity - room.walkin_floor - citizens, within_capacity)
    if channel is Channel.ONLINE:
        return min(room.online_cap - room.taken_online, booked)
    return min(room.partner_cap - room.taken_partner, booked)
