"""Lan was served at the counter, and her dossier has its result."""

import hashlib
import uuid
from datetime import datetime
from typing import Any, Final

import pytest

from app.core.database import DB
from app.core.links import tracking_token
from app.dossiers import operations as dossiers
from app.dossiers.operations.accept import Applicant
from app.dossiers.queries import DossierRow
from app.queue import operations as queue
from app.queue.queries import TicketRow
from app.queue.states import Move
from app.satisfaction import operations
from app.satisfaction.queries import AnswerRow
from app.satisfaction.rules import GRADED, Answers, Level
from tests.queue.conftest import Hall, hall, open_hall, walk_in  # noqa: F401 - fixtures

LAN: Final = "+84912345678"
GRADES: Final = dict.fromkeys(GRADED, 2)
BODY: Final[dict[str, Any]] = {**GRADES, "convenience": "satisfied", "overall": "very_satisfied"}


def said(overall: Level = Level.SATISFIED, *, attitude: int = 2) -> Answers:
    """An answer that differs where a test looks."""
    grades = GRADES | {"attitude": attitude}
    return Answers(**grades, convenience=Level.SATISFIED, overall=overall)


async def serving(hall: Hall, now: datetime, *, phone: str | None = LAN) -> TicketRow:  # noqa: F811
    """Somebody stands at the first counter."""
    await walk_in(hall, now, phone=phone)
    called = await queue.call_next(counter_id=hall.counters[0], centre_id=hall.centre_id, now=now)
    assert called is not None
    return await moved(called, Move.START, now)


async def moved(ticket: TicketRow, move: Move, now: datetime) -> TicketRow:
    return await queue.move(
        ticket_id=ticket.id,
        centre_id=ticket.centre_id,
        move=move,
        expected_version=ticket.version,
        now=now,
    )


async def served(hall: Hall, now: datetime, *, phone: str | None = LAN) -> TicketRow:  # noqa: F811
    """Somebody was served and goes home."""
    return await moved(await serving(hall, now, phone=phone), Move.FINISH, now)


async def accepted(hall: Hall, now: datetime) -> DossierRow:  # noqa: F811
    """Lan's dossier, taken at the counter."""
    ticket = await serving(hall, now)
    file = await dossiers.accept(
        centre_id=hall.centre_id,
        procedure_code=hall.code,
        ticket_id=ticket.id,
        seal=None,
        applicant=Applicant("Nguyễn Thị Lan", LAN, None, "vi"),
        components=[],
        return_mode="counter",
        now=now,
    )
    await moved(ticket, Move.FINISH, now)
    return file.dossier


async def completed(dossier: DossierRow, now: datetime) -> DossierRow:
    """The same, with its digitised result."""
    assert DB.pool is not None
    document_id = uuid.uuid4()
    await DB.pool.execute(
        "INSERT INTO document (id, centre_id, kind, dossier_number, sha256, size_bytes, content_type,"
        " state, uploaded_by_kind, uploaded_by_id, created_at)"
        " VALUES ($1, $2, 'result', $3, $4, 900, 'application/pdf', 'clean', 'officer', $5, $6)",
        document_id,
        dossier.centre_id,
        dossier.number,
        hashlib.sha256(document_id.bytes).digest(),
        str(uuid.uuid4()),
        now,
    )
    file = await dossiers.complete(
        number=dossier.number,
        centre_id=dossier.centre_id,
        result_document_id=document_id,
        expected_version=dossier.version,
        now=now,
    )
    return file.dossier


async def returned(dossier: DossierRow, now: datetime) -> DossierRow:
    file = await dossiers.return_at_counter(
        number=dossier.number,
        centre_id=dossier.centre_id,
        expected_version=dossier.version,
        now=now,
    )
    return file.dossier


async def answer(token: str, now: datetime, answers: Answers | None = None, **facts: Any) -> AnswerRow:
    given = {"comment": None, "locale": "vi", "by_staff": False} | facts
    return await operations.answer(token=token, answers=answers or said(), now=now, **given)


@pytest.fixture
async def ticket(open_hall: Hall, now: datetime) -> TicketRow:  # noqa: F811
    """Lan's ticket, over and served."""
    return await served(open_hall, now)


@pytest.fixture
def token(ticket: TicketRow) -> str:
    """The link Lan is sent."""
    return tracking_token("ticket", ticket.id)
