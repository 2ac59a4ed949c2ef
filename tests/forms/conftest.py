"""Lan's dossier at the demo centre, and a form as a machine reads it again."""

import io
import re
from datetime import datetime
from typing import Any, Final

import pypdf
import pytest

from app.core.actor import Actor, current_actor
from app.dossiers import operations as dossiers
from app.dossiers.components import Component
from app.dossiers.operations.accept import Applicant
from app.dossiers.queries import DossierRow
from tests.dossiers.conftest import counter, the_machines_clock_afterwards  # noqa: F401 - fixtures
from tests.queue.conftest import MINH, Hall, hall, open_hall  # noqa: F401 - fixtures
from tests.satisfaction.conftest import LAN, Move, moved, serving

NUMBER: Final = "037188009991"
# Operators of a content stream that leave something on paper (ISO 32000-1, annex A).
PAINTING: Final = frozenset(
    {b"Tj", b"TJ", b"'", b'"', b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"Do", b"sh", b"BI"}
)
PAPERS: Final = (Component(1, 1, 0, 2, None),)


async def taken(
    hall: Hall,  # noqa: F811
    now: datetime,
    *,
    name: str = "Nguyễn Thị Lan",
    citizen_number: str | None = NUMBER,
    return_mode: str = "counter",
) -> DossierRow:
    """A dossier Minh took at the counter."""
    ticket = await serving(hall, now)
    told = current_actor.set(Actor("officer", str(MINH)))
    try:
        file = await dossiers.accept(
            centre_id=hall.centre_id,
            procedure_code=hall.code,
            ticket_id=ticket.id,
            seal=None,
            applicant=Applicant(name, LAN, citizen_number, "vi"),
            components=PAPERS,
            return_mode=return_mode,
            now=now,
        )
    finally:
        current_actor.reset(told)
    await moved(ticket, Move.FINISH, now)
    return file.dossier


@pytest.fixture
async def dossier(open_hall: Hall, now: datetime) -> DossierRow:  # noqa: F811
    return await taken(open_hall, now)


class Read:
    """A PDF read again: its words in one line, and what it says of itself."""

    def __init__(self, pdf: bytes) -> None:
        self.pdf = pypdf.PdfReader(io.BytesIO(pdf))
        self.words = run_together(" ".join(page.extract_text() for page in self.pdf.pages))

    @property
    def root(self) -> Any:
        return self.pdf.trailer["/Root"]

    def says(self, text: str) -> bool:
        return run_together(text) in self.words

    def structure(self) -> set[str]:
        """The kinds of elements in its structure tree."""
        found: set[str] = set()
        todo = [self.root["/StructTreeRoot"]]
        while todo:
            node = todo.pop().get_object()
            if isinstance(node, list):
                todo.extend(node)
            elif isinstance(node, dict):
                if "/S" in node:
                    found.add(str(node["/S"]))
                if "/K" in node:
                    todo.append(node["/K"])
        return found

    def unmarked(self) -> list[str]:
        """What is painted outside the structure and is not told to be an artifact."""
        found: list[str] = []
        for page in self.pdf.pages:
            depth = 0
            for _, operator in pypdf.generic.ContentStream(page["/Contents"], self.pdf).operations:
                depth += {b"BDC": 1, b"BMC": 1, b"EMC": -1}.get(operator, 0)
                if depth == 0 and operator in PAINTING:
                    found.append(operator.decode())
        return found

    def scopes(self) -> set[str]:
        """Which cells each heading cell of a table says it is of."""
        return {
            str(part["/Scope"]) for part in _attributes(self.root["/StructTreeRoot"]) if "/Scope" in part
        }

    def alternatives(self) -> list[str]:
        """What is told of each picture to whoever does not see it."""
        return _alternatives(self.root["/StructTreeRoot"])


def _attributes(node: Any) -> list[Any]:
    node = node.get_object()
    if isinstance(node, list):
        return [part for child in node for part in _attributes(child)]
    if not isinstance(node, dict):
        return []
    given = node.get("/A", [])
    own = [part.get_object() for part in (given if isinstance(given, list) else [given])]
    return own + (_attributes(node["/K"]) if "/K" in node else [])


def _alternatives(node: Any) -> list[str]:
    node = node.get_object()
    if isinstance(node, list):
        return [text for child in node for text in _alternatives(child)]
    if not isinstance(node, dict):
        return []
    own = [str(node["/Alt"])] if "/Alt" in node else []
    return own + (_alternatives(node["/K"]) if "/K" in node else [])


def run_together(text: str) -> str:
    """Without spaces and break opportunities: lines end elsewhere in a PDF."""
    return re.sub(r"[\s\u200b]+", "", text)
