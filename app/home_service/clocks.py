"""When something really happened, told by a clock that may be hours off (pure).

Three times are kept of every report: when it happened by the device's clock, when it was sent or received,
and when it happened effectively, which is the first put right by how far off the clock was at sending.
Nothing is ordered by any of them: the device's own count is.
"""

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

# COURIER.md 5.5: further off than this and a person should know; further than a day and nobody can tell.
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
BELIEVABLE: Final = timedelta(hours=24)
# No device has run for longer than ten years: a larger counter is a slip, and would overflow a date.
LONGEST_RUN_MS: Final = 10 * 366 * 86_400_000
# Nobody is at a door longer before its window opens than this.
EARLY_AT_THE_DOOR: Final = timedelta(hours=2)


class Reading(NamedTuple):
    """What a device says of a moment. `monotonic_ms` counts from the start named `boot_id`."""

    occurred_at: datetime
    boot: Hashable = None
    monotonic_ms: int | None = None


class Timed(NamedTuple):
    """When it happened as far as can be told. `bounded`: only the neighbours can say."""

    effective_at: datetime
    suspect: bool
    bounded: bool


def read(readings: Sequence[Reading], *, sent_at: datetime | None, received_at: datetime) -> list[Timed]:
    """The effective times of one batch, in its order. Without `sent_at` only a clock ahead is seen here."""
    skew = received_at - sent_at if sent_at is not None else timedelta(0)
    last_of_boot = _last_of_boot(readings)
    timed = []
    for reading in readings:
        occurred = _by_the_counter(reading, last_of_boot)
        ahead = occurred + skew > received_at + CLOCK_TOLERANCE
        changed = abs(occurred - reading.occurred_at) > CLOCK_TOLERANCE
        bounded = ahead or abs(skew) > BELIEVABLE
        timed.append(
            Timed(
                min(occurred + skew, received_at),
                suspect=bounded or changed or abs(skew) > CLOCK_TOLERANCE,
                bounded=bounded,
            )
        )
    return timed


def within(
    timed: Timed,
    *,
    earliest: datetime,
    before: datetime | None,
    after: datetime | None,
    received_at: datetime,
) -> Timed:
    """Held against what is known otherwise: when it could happen at all, and the visit's reports counted
    right before and right after it. A time that contradicts them is suspect and bounded by them.
    """
    lower = min(max(earliest, before or earliest), received_at)
    upper = max(min(received_at, after or received_at), lower)
    at = timed.effective_at
    contradicts = at < lower - CLOCK_TOLERANCE or at > upper + CLOCK_TOLERANCE
    if not (contradicts or timed.bounded):
        return timed
    return Timed(min(max(at, lower), upper), suspect=True, bounded=True)


def _last_of_boot(readings: Sequence[Reading]) -> dict[Hashable, Reading]:
    last: dict[Hashable, Reading] = {}
    for reading in readings:
        if reading.boot is None or reading.monotonic_ms is None:
            continue
        known = last.get(reading.boot)
        if known is None or (known.monotonic_ms or 0) < reading.monotonic_ms:
            last[reading.boot] = reading
    return last


def _by_the_counter(reading: Reading, last_of_boot: dict[Hashable, Reading]) -> datetime:
    """While a device runs its counter cannot be set: what is nearest to the sending dates the rest."""
    last = last_of_boot.get(reading.boot)
    if last is None or last.monotonic_ms is None or reading.monotonic_ms is None:
        return reading.occurred_at
    counted = last.occurred_at - timedelta(milliseconds=last.monotonic_ms - reading.monotonic_ms)
    # A second or two between two clocks is nothing; the device's own word stands.
    return counted if abs(counted - reading.occurred_at) > CLOCK_TOLERANCE else reading.occurred_at
