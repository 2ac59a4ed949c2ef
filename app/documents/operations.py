"""What can be done with documents.

The content goes to the store before the transaction that names it: a crash between the two leaves an
unnamed content, which retention removes (`contents`), and never a row without one.
"""

import hashlib
import uuid
from datetime import datetime

from app.core import journal, outbox
from app.core.actor import current_actor
from app.core.clock import machine_time
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.later import Later
from app.core.operation import operation
from app.documents import contents, quota, reading, rules, store
from app.documents.errors import (
    DigestMismatch,
    DocumentChanged,
    DocumentNotFound,
    EmptyDocument,
    TooManyDocuments,
)
from app.documents.events import DocumentUploaded
from app.documents.inspection.antivirus import Scanner
from app.documents.inspection.process import look_into
from app.documents.inspection.verdict import Reason, Verdict
from app.documents.queries import DocumentRow, by_id, clean_at_centre, signatures_of
from app.documents.reading import Purpose
from app.documents.signing import Signed, signed


async def keep(content: bytes, *, expected_sha256: bytes | None) -> bytes:
    """Put a content into the store and return its SHA-256. No transaction is open here."""
    if not content:
        raise EmptyDocument
    digest = hashlib.sha256(content).digest()
    if expected_sha256 is not None and expected_sha256 != digest:
        raise DigestMismatch
    await store.put(digest, content)
    return digest


@operation
async def upload(
    *,
    sha256: bytes,
    size_bytes: int,
    content_type: str,
    kind: str,
    now: datetime,
    centre_id: uuid.UUID | None = None,
    partner_id: uuid.UUID | None = None,
    home_visit_id: uuid.UUID | None = None,
    dossier_number: str | None = None,
    owner_id: uuid.UUID | None = None,
    component: int | None = None,
) -> DocumentRow:
    """Name a kept content. The same content for the same thing is the same document.

    Raises `TooManyDocuments` where the person's store or the case is full (`quota`).
    """
    connection = in_transaction()
    known = await connection.fetchval(
        "SELECT id FROM document WHERE sha256 = $1 AND kind = $2"
        " AND centre_id IS NOT DISTINCT FROM $3 AND partner_id IS NOT DISTINCT FROM $4"
        " AND home_visit_id IS NOT DISTINCT FROM $5 AND dossier_number IS NOT DISTINCT FROM $6"
        # An officer's scan has no owner before its dossier is completed.
        " AND component IS NOT DISTINCT FROM $7 AND (kind <> 'own' OR owner_id = $8)",
        sha256,
        kind,
        centre_id,
        partner_id,
        home_visit_id,
        dossier_number,
        component,
        owner_id,
    )
    if known is not None:
        return await by_id(known)
    if kind == "own" and owner_id is not None:
        await quota.require_room_in_store(owner_id)
    if home_visit_id is not None:
        await quota.require_room_at_visit(home_visit_id)
    if kind == "component" and dossier_number is not None:
        await quota.require_room_in_dossier(dossier_number)
    await contents.claim(sha256)
    document_id = new_id()
    actor = current_actor.get()
    await connection.execute(
        "INSERT INTO document (id, centre_id, owner_id, kind, dossier_number, home_visit_id,"
        " partner_id, component, sha256, size_bytes, content_type, state, uploaded_by_kind,"
        " uploaded_by_id, created_at)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,'quarantined',$12,$13,$14)",
        document_id,
        centre_id,
        owner_id,
        kind,
        dossier_number,
        home_visit_id,
        partner_id,
        component,
        sha256,
        size_bytes,
        content_type,
        actor.kind,
        actor.id,
        now,
    )
    await outbox.record(DocumentUploaded(occurred_at=now, document_id=document_id))
    await journal.write("document.uploaded", object_kind="document", object_id=document_id, at=now)
    return await by_id(document_id)


async def inspect(*, document_id: uuid.UUID, scanner: Scanner | None, now: datetime) -> None:
    """Look into a quarantined content and say clean or rejected. Twice is once.

    Raises `Later` while the virus scanner does not answer or the machine is too busy: the content stays
    quarantined. What is served is kept before the row that names it.
    """
    try:
        row = await by_id(document_id)
    except DocumentNotFound:  # its owner took it out meanwhile
        return
    if row.state != "quarantined":
        return
    content = await store.read(row.sha256)
    if hashlib.sha256(content).digest() != row.sha256:
        verdict = Verdict(Reason.CONTENT_CHANGED)
    elif scanner is not None and await scanner.finds_malware(content):
        verdict = Verdict(Reason.MALWARE)
    else:
        verdict = await look_into(content, declared=row.content_type)
    served = content if verdict.content is None else verdict.content
    if verdict.reason is None:
        await store.put(hashlib.sha256(served).digest(), served)
    try:
        await _judge(document_id=document_id, verdict=verdict, served=served, now=now)
    except contents.ContentLeaving as reason:
        raise Later(after=rules.LEFT_KEPT) from reason


@operation
async def _judge(*, document_id: uuid.UUID, verdict: Verdict, served: bytes, now: datetime) -> None:
    is_clean = verdict.reason is None
    state = "clean" if is_clean else "rejected"
    tag = await in_transaction().execute(
        "UPDATE document SET state = $2, rejected_because = $3, clean_sha256 = $4, clean_size_bytes = $5,"
        " clean_content_type = $6, version = version + 1 WHERE id = $1 AND state = 'quarantined'",
        document_id,
        state,
        verdict.reason or "",
        hashlib.sha256(served).digest() if is_clean else None,
        len(served) if is_clean else None,
        verdict.content_type if is_clean else None,
    )
    if tag == "UPDATE 1":
        if is_clean:
            await contents.claim(hashlib.sha256(served).digest())
        await journal.write(
            f"document.{state}",
            object_kind="document",
            object_id=document_id,
            at=now,
            detail={"reason": verdict.reason},
        )


@operation
async def note_read(*, document_id: uuid.UUID, now: datetime) -> None:
    """Somebody other than the owner opened it; the owner will see it listed."""
    row = await by_id(document_id)
    await reading.note_read(document_id, purpose=Purpose.READ, dossier_number=row.dossier_number, at=now)


async def sign(
    *, document_id: uuid.UUID, centre_id: uuid.UUID, officer_id: uuid.UUID, reason: str
) -> tuple[DocumentRow, Signed | None]:
    """The document and its content with the officer's signature, kept and not named yet.

    None when this officer signed it before. No transaction is open here; `note_signature` names it.
    """
    row = await clean_at_centre(document_id, centre_id=centre_id)
    if any(signature.signer_id == officer_id for signature in await signatures_of(document_id)):
        return row, None
    digest, content_type = row.served
    made = await signed(
        await store.read(digest),
        content_type=content_type,
        officer_id=officer_id,
        reason=reason,
        at=machine_time(),
    )
    await store.put(hashlib.sha256(made.content).digest(), made.content)
    return row, made


@operation
async def note_signature(
    *, row: DocumentRow, made: Signed | None, officer_id: uuid.UUID, now: datetime
) -> DocumentRow:
    """From now on the signed PDF is what is served. Raises `DocumentChanged` when `row` is old."""
    if made is None:
        return await by_id(row.id)
    connection = in_transaction()
    digest = hashlib.sha256(made.content).digest()
    tag = await connection.execute(
        "UPDATE document SET signed_sha256 = $3, signed_size_bytes = $4, version = version + 1"
        " WHERE id = $1 AND state = 'clean' AND coalesce(signed_sha256, clean_sha256, sha256) = $2",
        row.id,
        row.served[0],
        digest,
        len(made.content),
    )
    if tag != "UPDATE 1":
        raise DocumentChanged
    await contents.claim(digest)
    await connection.execute(
        "INSERT INTO document_signature (document_id, signer_id, certificate_sha256, certificate_name,"
        " sha256, size_bytes, signed_at) VALUES ($1,$2,$3,$4,$5,$6,$7)",
        row.id,
        officer_id,
        made.certificate_sha256,
        made.certificate_name,
        digest,
        len(made.content),
        now,
    )
    await reading.note_read(row.id, purpose=Purpose.SIGNATURE, dossier_number=row.dossier_number, at=now)
    await journal.write(
        "document.signed",
        object_kind="document",
        object_id=row.id,
        at=now,
        detail={"certificate": made.certificate_sha256.hex()},
    )
    return await by_id(row.id)


__all__ = [
    "DocumentNotFound",
    "TooManyDocuments",
    "inspect",
    "keep",
    "note_read",
    "note_signature",
    "sign",
    "upload",
]
