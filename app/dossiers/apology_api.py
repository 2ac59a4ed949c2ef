"""Form 04 over HTTP: an officer words the draft, a centre leader signs it."""

from datetime import UTC, datetime
from typing import Final

import msgspec
from litestar import Response, Router, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.dossiers import operations
from app.dossiers.api import OFFICERS, DossierView, known_number, version_of
from app.dossiers.errors import (
    ApologyNotDrafted,
    CalendarNotDeclared,
    NewDateNotValid,
    ReasonMissing,
)
from app.dossiers.moves_api import COMMON, Words, acting
from app.http.access import open_to
from app.http.body import Moment
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems


class ApologyRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`promised_at` is the moment that will be promised, in working hours."""

    reason: Words
    promised_at: Moment


@put(
    "/v1/staff/dossiers/{number:str}/apology",
    operation_id="wordApology",
    summary="Word the apology that is drafted (form 04)",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(*COMMON, ApologyNotDrafted, NewDateNotValid, ReasonMissing, CalendarNotDeclared),
)
async def word_apology(
    number: FromPath[str],
    data: JSONBody[ApologyRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
) -> Response[DossierView]:
    """Replaces what was worded before; nobody is told before it is signed."""
    file = await operations.word_apology(
        number=known_number(number),
        by=acting(principal),
        reason=data.reason,
        promised_at=data.promised_at.astimezone(UTC),
        expected_version=expected_version,
        now=now,
    )
    return Response(DossierView.of(file), headers={"ETag": version_of(file)})


@post(
    "/v1/staff/dossiers/{number:str}/apology/sign",
    operation_id="signApology",
    summary="Sign the apology: the new moment is promised, and the applicant told",
    tags=["staff"],
    opt=open_to(Caller.CENTRE_LEADER),
    status_code=200,
    responses=problems(*COMMON, ApologyNotDrafted, NewDateNotValid, ReasonMissing, CalendarNotDeclared),
)
async def sign_apology(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """What it says is what the officer worded; the same as extending it with these words."""
    return await once(
        DossierView.of,
        operations.sign_apology(
            number=known_number(number),
            by=acting(principal),
            expected_version=expected_version,
            now=now,
        ),
        etag=version_of,
    )


apology_router: Final = Router(path="/", route_handlers=[word_apology, sign_apology])
