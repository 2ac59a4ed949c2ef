"""Remove scans that became no paper of any dossier, and whatever else of documents is past its term."""

from datetime import datetime

from app.core.database import in_transaction
from app.core.operation import operation
from app.documents import removing
from app.documents.steps import name_documents

NAMED = """
SELECT document_id FROM dossier_component WHERE document_id = ANY($1::uuid[])
UNION SELECT result_document_id FROM dossier WHERE result_document_id = ANY($1::uuid[])
"""


@operation
async def remove_expired_papers(*, at_most: int, now: datetime) -> int:
    """How many were looked at; 0 when nothing is left. Twice is once.

    One that a dossier names all the same, as written by a release that did not note it, is noted and stays.
    """
    connection = in_transaction()
    found = await removing.expired(at_most=at_most, now=now)
    # Whoever names one has its row; when they are through, it is seen among the named.
    await connection.execute(
        "SELECT FROM document WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", found
    )
    named = {row[0] for row in await connection.fetch(NAMED, found)}
    await name_documents(named, owner_id=None, at=now)
    await removing.remove([each for each in found if each not in named], at=now)
    return len(found)
