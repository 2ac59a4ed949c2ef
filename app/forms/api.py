"""The official forms over HTTP: an officer of the dossier's centre prints them."""

import re
from datetime import datetime
from typing import Final

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.core.dossier_numbers import DOSSIER_NUMBER
from app.dossiers.errors import DossierNotFound
from app.forms import operations
from app.forms.editions import Form
from app.forms.errors import FormNotFitting, FormNotFound, FormNotInForce, FormNotPressed
from app.forms.press import pressed
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import problems

FILE: Final = re.compile(r"(0[1-7])\.pdf")


def _form(file: str) -> Form:
    named = FILE.fullmatch(file)
    if named is None:
        raise FormNotFound
    return Form(named[1])


@get(
    "/v1/staff/dossiers/{number:str}/forms/{file:str}",
    operation_id="printForm",
    summary="An official form of a dossier, 01.pdf to 07.pdf",
    tags=["staff"],
    opt=open_to(Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
    media_type="application/pdf",
    responses=problems(DossierNotFound, FormNotFound, FormNotFitting, FormNotInForce, FormNotPressed),
)
async def print_form(
    number: FromPath[str],
    file: FromPath[str],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[bytes]:
    """PDF/UA-1 in Vietnamese, the edition of the dossier's day (Circular 03/2025/TT-VPCP, Annex I).

    01 receipt, 02 supplement request, 03 refusal, 04 apology, 05 stop notice, 06 control slip, 07 the
    register's sheet that holds the dossier. Every printing is written down.
    """
    form = _form(file)
    if not DOSSIER_NUMBER.fullmatch(number):
        raise DossierNotFound
    sheet = await operations.prepare(number=number, form=form, centre_id=principal.centre, now=now)
    return Response(
        await pressed(sheet, at=now),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{number}-{form.value}.pdf"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


forms_router: Final = Router(path="/", route_handlers=[print_form])
