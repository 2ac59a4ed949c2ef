"""How a centre books, for its leaders: in force, past, and decided anew (quy định đặt lịch)."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Final, NamedTuple

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.appointments import booking_rules, operations
from app.appointments.booking_rules import RulePeriod
from app.appointments.errors import BookingRulesNotValid
from app.appointments.rules import WITHIN, BookingRules
from app.appointments.views import LONGEST_DECISION, WallTime, one_line, wall_time
from app.core.clock import local_date
from app.http.access import open_to
from app.http.lists import Cursor, Limit, answer, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest


class Position(NamedTuple):
    """Where a page ended."""

    valid_from: date


class RulesRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What is decided anew; what is left out stays as it is then. In force from tomorrow unless said.

    A new day of the horizon opens at `release_at`, its starts one after another within the spread.
    Online places nobody took go to walk-ins `unsold_minutes` before, and people are reminded
    `reminder_minutes` before; 0 is never.
    """

    decision: Annotated[str, msgspec.Meta(max_length=LONGEST_DECISION)]
    valid_from: date | None = None
    horizon_days: int | None = None
    cut_off_minutes: int | None = None
    move_limit_minutes: int | None = None
    grace_minutes: int | None = None
    visits_per_day: int | None = None
    visits_per_sector: int | None = None
    online_share: float | None = None
    release_at: WallTime | None = None
    release_spread_minutes: int | None = None
    unsold_minutes: int | None = None
    reminder_minutes: int | None = None

    def over(self, known: BookingRules) -> BookingRules:
        """The whole rules; `BookingRulesNotValid` for a decision that cannot be shown."""
        said = {
            name: value
            for name in (*WITHIN, "release_spread_minutes")
            if (value := getattr(self, name)) is not None
        }
        release_at = known.release_at if self.release_at is None else wall_time(self.release_at)
        decision = one_line(self.decision, BookingRulesNotValid) or ""
        return known._replace(**said, release_at=release_at, decision=decision)


class RulesView(msgspec.Struct):
    """How the centre books, and from when until when; no first day where nothing was ever decided."""

    valid_from: date | None
    valid_to: date | None
    decision: str
    horizon_days: int
    cut_off_minutes: int
    move_limit_minutes: int
    grace_minutes: int
    visits_per_day: int
    visits_per_sector: int
    online_share: float
    release_at: str
    release_spread_minutes: int
    unsold_minutes: int
    reminder_minutes: int

    @classmethod
    def of(cls, row: RulePeriod) -> "RulesView":
        values = row.rules._asdict()
        values["release_at"] = _shown(row.rules.release_at)
        values["unsold_minutes"] = row.rules.unsold_minutes or 0
        return cls(valid_from=row.valid_from, valid_to=row.valid_to, **values)


def _shown(moment: time) -> str:
    return moment.strftime("%H:%M")


class RulesList(msgspec.Struct):
    """What holds today, and what was decided for this centre, latest first."""

    in_force: RulesView
    items: list[RulesView]
    next_cursor: str | None


@get(
    "/v1/staff/booking-rules",
    operation_id="listBookingRules",
    summary="How my centre books",
    tags=["staff"],
    opt=open_to(Caller.SHIFT_LEAD, Caller.CENTRE_LEADER, Caller.MONITOR),
)
async def list_booking_rules(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[RulesList]:
    """Past rules stay: they say by what somebody was refused."""
    position = position_of(cursor, Position)
    rows = await booking_rules.periods_of(
        principal.centre, before=None if position is None else position.valid_from, limit=limit + 1
    )
    shown = rows[:limit]
    following = None
    if len(rows) > limit and shown[-1].valid_from is not None:
        following = cursor_of((shown[-1].valid_from,))
    in_force = await booking_rules.period_of(principal.centre, on=local_date(now))
    view = RulesList(RulesView.of(in_force), [RulesView.of(row) for row in shown], following)
    return answer(request, view, next_cursor=following)


@post(
    "/v1/staff/booking-rules",
    operation_id="decideBookingRules",
    summary="Decide how my centre books",
    tags=["staff"],
    opt=open_to(Caller.CENTRE_LEADER),
    status_code=201,
    responses=problems(BookingRulesNotValid),
)
async def decide_booking_rules(
    data: JSONBody[RulesRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[RulesView]:
    """From a day on; what was in force ends the day before, and what was planned for later is replaced."""
    valid_from = data.valid_from or local_date(now) + timedelta(days=1)
    known = await booking_rules.rules_of(principal.centre, on=valid_from)
    decided = data.over(known)
    return await once(
        RulesView.of,
        operations.set_booking_rules(
            centre_id=principal.centre, rules=decided, valid_from=valid_from, now=now
        ),
        status=201,
    )


booking_rules_router: Final = Router(path="/", route_handlers=[list_booking_rules, decide_booking_rules])
