"""How honest the forecast is, and whether timed returns keep the promise of 15 minutes, in the twin.

No database and no clock: simulated sessions of BOOKING.md 2.4, decided by the product's own functions. A
day is one session at load 0.90 without returns (the hardest to foresee); the first days only calibrate. A
month is 44 sessions, the same people once with timed returns and once without.
"""

import asyncio
import random
import time
from collections.abc import Iterable
from typing import Final

from app.queue import twin
from app.queue.calibration import AIM, NEUTRAL, next_factor, share_of
from app.queue.forecast import Duration, Expected, Plan, Serving, forecast
from app.queue.twin import Session, Visit
from bench.metrics import Metric, between, no_more, shown

DAYS: Final = 60
DAYS_LONG: Final = 240
CALIBRATING_DAYS: Final = 20
SESSIONS_A_MONTH: Final = 44
MONTHS: Final = 1
MONTHS_LONG: Final = 6
# Of visits above 15 minutes with timed returns, per load, in per cent.
MOST_ABOVE: Final = {0.80: 1.0, 0.90: 2.0}
ERROR_FLOOR: Final = 0.75
COVERAGE: Final = (75.0, 85.0)
ASKED: Final = 300


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """The figures of DESIGN 7, row `forecast`."""
    del dsn
    return await asyncio.to_thread(_measure, DAYS_LONG if long else DAYS, MONTHS_LONG if long else MONTHS)


def _measure(days: int, months: int) -> dict[str, Metric]:
    return _quotes(days) | _months(months) | {"forecast_cost": shown(_cost_ms(), "ms")}


def _quotes(days: int) -> dict[str, Metric]:
    """Coverage and error over the days after calibration."""
    spread = NEUTRAL
    visits: list[Visit] = []
    for day in range(CALIBRATING_DAYS + days):
        session = twin.play(Session(), seed=day, timed_returns=False, spread=spread)
        spread = next_factor(spread, share_of(twin.told(session)))
        if day >= CALIBRATING_DAYS:
            visits += session
    found = twin.estimates(visits)
    low, high = COVERAGE
    return {
        "forecast": between(100 * found.within, low, high, unit="% within P80", aim=100 * AIM),
        "forecast_error": no_more(found.error, found.classic, unit="min", most=ERROR_FLOOR),
        "forecast_error_in_our_order": shown(found.error / found.classic_ahead, "ratio"),
        "forecast_spread": shown(spread, "factor"),
        "simulated_days": shown(days, "days"),
    }


def _months(months: int) -> dict[str, Metric]:
    """Visits above 15 minutes with timed returns, against the same people without."""
    found: dict[str, Metric] = {}
    sessions = months * SESSIONS_A_MONTH
    for load, most in MOST_ABOVE.items():
        kept, without = (
            twin.waits(list(_sessions(load, sessions, timed_returns=returns))) for returns in (True, False)
        )
        name = f"load_{round(100 * load)}"
        found |= {
            f"above_15_{name}": no_more(
                100 * kept.above, 100 * without.above, unit="% of visits", most=most, absolute=True
            ),
            f"above_15_{name}_appointments": shown(100 * kept.above_with_appointment, "% of visits"),
            f"above_15_{name}_walk_ins": shown(100 * kept.above_without, "% of visits"),
            f"offered_{name}": shown(100 * kept.offered, "% of walk-ins"),
            f"away_{name}": shown(kept.minutes_away, "min"),
        }
    return found | {"simulated_sessions": shown(sessions, "sessions per load")}


def _sessions(load: float, count: int, *, timed_returns: bool) -> Iterable[Visit]:
    for seed in range(count):
        yield from twin.play(
            Session(load=load), seed=1000 + seed, timed_returns=timed_returns, quotes=False
        )


def _cost_ms() -> float:
    """A forecast behind 8 people at 6 counters with 8 expected."""
    chance = random.Random(1)
    usual = Duration(9.0, 13.0)
    began = time.process_time()
    for seed in range(ASKED):
        forecast(
            ahead=[usual] * 8,
            serving=[Serving(usual, chance.uniform(0, 10)) for _ in range(6)],
            open_counters=6,
            plan=Plan(expected=[Expected(usual, chance.uniform(-5, 9), 0.88) for _ in range(8)]),
            due_in=15.0,
            seed=seed,
        )
    return 1000 * (time.process_time() - began) / ASKED
