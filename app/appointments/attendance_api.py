"""No-shows, for the people of the centre that waited: what is excused does not count."""

import uuid
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.appointments import conduct, operations
from app.appointments.conduct import NoShowRow
from app.appointments.errors import AppointmentNotFound, ExcuseNotValid, NotANoShow
from app.appointments.operations.attendance import Excuse
from app.core.clock import local
from app.core.text import InvalidText, clean_text
from app.http.access import open_to
from app.http.lists import Cursor, Limit, answer, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest

LONGEST_REASON = 500


class ExcuseRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Why somebody did not come, in the officer's words."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]

    def cleaned(self) -> str:
        try:
            return clean_text(self.reason, max_length=LONGEST_REASON, allow_newlines=True)
        except InvalidText as fault:
            raise ExcuseNotValid(
                errors=[{"pointer": "/reason", "code": fault.code, "detail": fault.code}]
            ) from None


class ExcuseView(msgspec.Struct):
    """`barred_until` is there while other no-shows still keep the person from booking online."""

    appointment_id: uuid.UUID
    reason: str
    excused_at: datetime
    barred_until: datetime | None

    @classmethod
    def of(cls, excuse: Excuse) -> "ExcuseView":
        return cls(
            appointment_id=excuse.appointment_id,
            reason=excuse.reason,
            excused_at=local(excuse.excused_at),
            barred_until=local(excuse.barred_until) if excuse.barred_until else None,
        )


class NoShowView(msgspec.Struct):
    """An appointment nobody came to."""

    appointment_id: uuid.UUID
    reference: str
    starts_at: datetime
    excused_at: datetime | None
    reason: str | None

    @classmethod
    def of(cls, row: NoShowRow) -> "NoShowView":
        return cls(
            appointment_id=row.id,
            reference=row.reference,
            starts_at=local(row.starts_at),
            excused_at=local(row.excused_at) if row.excused_at else None,
            reason=row.reason,
        )


class NoShowList(msgspec.Struct):
    items: list[NoShowView]
    next_cursor: str | None


class Position(NamedTuple):
    """Where a page ended."""

    starts_at: datetime
    id: uuid.UUID


@get(
    "/v1/staff/citizens/no-shows",
    operation_id="listNoShows",
    summary="Appointments nobody came to",
    tags=["staff"],
    opt=open_to(Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
)
async def list_no_shows(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[NoShowList]:
    """Of my centre, latest first, by reference: whom an appeal is about is asked at the counter."""
    rows = await conduct.no_shows_at(
        principal.centre, before=position_of(cursor, Position), limit=limit + 1
    )
    shown = rows[:limit]
    following = cursor_of((shown[-1].starts_at, shown[-1].id)) if len(rows) > limit else None
    view = NoShowList([NoShowView.of(row) for row in shown], following)
    return answer(request, view, next_cursor=following)


@post(
    "/v1/staff/citizens/no-shows/{appointment_id:uuid}/excuse",
    operation_id="excuseNoShow",
    summary="Let a no-show not count",
    tags=["staff"],
    opt=open_to(Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    status_code=200,
    responses=problems(AppointmentNotFound, NotANoShow, ExcuseNotValid),
)
async def excuse_no_show(
    appointment_id: FromPath[uuid.UUID],
    data: JSONBody[ExcuseRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ExcuseView]:
    """The person had a reason and said so at the counter; a second excuse changes nothing."""
    return await once(
        ExcuseView.of,
        operations.excuse_no_show(
            appointment_id=appointment_id,
            centre_id=principal.centre,
            officer_id=principal.id,
            reason=data.cleaned(),
            now=now,
        ),
    )
