"""How often papers were not asked for again (tỷ lệ tái sử dụng), by tier and year.

The national definition (Decision 766/QĐ-TTg, which also serves plan IV.5): dossiers with at least one
component marked reused, of the dossiers received in the period.
"""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from app.centres import queries as centres
from app.core.clock import local, local_date
from app.dossiers import queries as dossiers
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.monitoring.figures import Share
from app.monitoring.views import ShareView

RESPONSIBLE: Final = (Caller.SHIFT_LEAD, Caller.CENTRE_LEADER, Caller.MONITOR)
TIERS: Final = ("province", "district", "commune")


class Target(NamedTuple):
    """Percent by either reading of "40 % in 2022, and 20 % more each year" (plan IV.5)."""

    points: float
    relative: float


TARGETS: Final[Mapping[int, Target]] = MappingProxyType(
    {
        2022: Target(40, 40),
        2023: Target(60, 48),
        2024: Target(80, 57.6),
        2025: Target(100, 69.1),
    }
)

Year = Annotated[int | None, QueryParameter(ge=2000, le=2100, description="This year when left out.")]


class TierReuse(msgspec.Struct):
    """One tier's dossiers of the year."""

    tier: str
    reuse: ShareView


class ReuseView(msgspec.Struct):
    """`centre_id` is null where it is the province's. Targets in percent, null for a year without one."""

    year: int
    as_of: datetime
    centre_id: uuid.UUID | None
    reuse: ShareView
    by_tier: list[TierReuse]
    target_points: float | None
    target_relative: float | None


async def by_tier(year: int, *, centre_id: uuid.UUID | None) -> dict[str, Share]:
    """Of one centre, or of all of them as of the tier each is of; a tier nobody is of is absent."""
    counts = await dossiers.count_reuse(first=date(year, 1, 1), last=date(year, 12, 31))
    found = {tier: Share(0, 0) for tier in (TIERS if centre_id is None else ())}
    for count in counts:
        if centre_id not in (None, count.centre_id):
            continue
        tier = (await centres.any_centre(count.centre_id)).tier
        known = found.get(tier, Share(0, 0))
        found[tier] = Share(known.numerator + count.with_reuse, known.denominator + count.received)
    return found


@get(
    "/v1/staff/indicators/reuse",
    operation_id="getReuse",
    summary="How often papers were not asked for again",
    tags=["staff"],
    opt=open_to(*RESPONSIBLE),
)
async def get_reuse(
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    year: Year = None,
) -> Response[ReuseView]:
    """A provincial monitor sees every tier, others their own centre."""
    wanted = year or local_date(now).year
    centre_id = None if Caller.MONITOR in principal.callers else principal.centre
    found = await by_tier(wanted, centre_id=centre_id)
    target = TARGETS.get(wanted)
    view = ReuseView(
        year=wanted,
        as_of=local(now),
        centre_id=centre_id,
        reuse=ShareView.of(
            Share(
                sum(share.numerator for share in found.values()),
                sum(share.denominator for share in found.values()),
            )
        ),
        by_tier=[TierReuse(tier, ShareView.of(share)) for tier, share in found.items()],
        target_points=None if target is None else target.points,
        target_relative=None if target is None else target.relative,
    )
    return Response(view, headers={"Cache-Control": "no-store"})


reuse_figures_router: Final = Router(path="/", route_handlers=[get_reuse])
