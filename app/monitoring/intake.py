"""How many dossiers a centre received and decides: two counts, for one may receive what another decides."""

import uuid
from datetime import date, datetime
from typing import Final

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency

from app.centres.errors import CentreNotFound
from app.core.clock import local, local_date
from app.dossiers import trays
from app.http.access import open_to
from app.http.principals import Principal
from app.http.problems import problems
from app.monitoring.api import RESPONSIBLE, Centre, From, To, centre_looked_at
from app.monitoring.errors import PeriodNotValid
from app.monitoring.figures import Share
from app.monitoring.queries import check_period
from app.monitoring.views import ShareView


class IntakeView(msgspec.Struct):
    """Dossiers accepted in the period. `sent_on` of those received are decided elsewhere; `from_elsewhere`
    of those decided here were received elsewhere. `on_time` is of those decided here, as the national
    score counts them: more than one supplement request is late.
    """

    centre_id: uuid.UUID
    first: date
    last: date
    as_of: datetime
    received: int
    sent_on: int
    decided_here: int
    from_elsewhere: int
    ended: int
    on_time: ShareView


@get(
    "/v1/staff/indicators/dossiers",
    operation_id="getIntake",
    summary="Dossiers received and decided by a centre",
    tags=["staff"],
    opt=open_to(*RESPONSIBLE),
    responses=problems(CentreNotFound, PeriodNotValid),
)
async def get_intake(
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    centre: Centre = None,
    first: From = None,
    last: To = None,
) -> Response[IntakeView]:
    """At most a quarter of a year. A dossier is received once and decided once in the province."""
    start = first or local_date(now)
    end = last or start
    check_period(start, end)
    centre_id = await centre_looked_at(centre, principal)
    found = await trays.count_intake(centre_id, first=start, last=end, now=now)
    view = IntakeView(
        centre_id=centre_id,
        first=start,
        last=end,
        as_of=local(now),
        received=found.received,
        sent_on=found.sent_on,
        decided_here=found.decided_here,
        from_elsewhere=found.from_elsewhere,
        ended=found.ended,
        on_time=ShareView.of(Share(found.on_time, found.decided_here)),
    )
    return Response(view, headers={"Cache-Control": "no-store"})


intake_router: Final = Router(path="/", route_handlers=[get_intake])
