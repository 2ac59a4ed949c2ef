"""What the QR code in a form's top-left corner says (ISO/IEC 18004), and its picture.

On an official form: the dossier's number, the procedure's code, the owner's personal number when it is
known, and the name of the document. On what a courier carries: a token only this system can read.
"""

import io
from typing import Final

import segno

from app.core.links import tracking_token
from app.dossiers.queries import DossierRow

SEPARATOR: Final = "|"


def official(*, number: str, procedure_code: str, citizen_number: str | None, title: str) -> str:
    return SEPARATOR.join((number, procedure_code, citizen_number or "", title))


def opaque(dossier: DossierRow) -> str:
    return tracking_token("dossier", dossier.id)


def picture(said: str) -> str:
    """An SVG of its own, with the quiet zone the standard asks for."""
    drawn = io.BytesIO()
    segno.make(said, error="m", micro=False, encoding="utf-8").save(
        drawn, kind="svg", border=4, xmldecl=False
    )
    return drawn.getvalue().decode()
