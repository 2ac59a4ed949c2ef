"""Following a thing by its secret link."""

from datetime import datetime
from typing import Final

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.core.clock import local
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import problems
from app.tracking import queries
from app.tracking.errors import LinkNotFound
from app.tracking.queries import Tracked


class TrackedView(msgspec.Struct, omit_defaults=True):
    """`kind` is ticket, appointment or home_visit; `status` its state."""

    kind: str
    reference: str
    status: str
    starts_at: datetime | None = None
    p50_minutes: int | None = None
    p80_minutes: int | None = None
    position: int | None = None

    @classmethod
    def of(cls, row: Tracked) -> "TrackedView":
        return cls(
            kind=row.kind,
            reference=row.reference,
            status=row.state,
            starts_at=local(row.starts_at) if row.starts_at else None,
            p50_minutes=row.p50_minutes,
            p80_minutes=row.p80_minutes,
            position=row.position,
        )


@get(
    "/v1/track/{token:str}",
    operation_id="track",
    summary="Follow a ticket, an appointment or a home visit",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=problems(LinkNotFound),
)
async def track(token: FromPath[str], now: NamedDependency[datetime]) -> Response[TrackedView]:
    """Without signing in: the link is the secret."""
    found = await queries.track(token, now=now)
    return Response(TrackedView.of(found), headers={"Cache-Control": "no-store"})


tracking_router: Final = Router(path="/", route_handlers=[track])
