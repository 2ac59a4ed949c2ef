"""The sample's procedures, their papers, and which centre and pool does which."""

import uuid
from collections.abc import Iterator
from datetime import date
from typing import Final

from app.procedures import rules, steps
from app.procedures.queries import searchable
from app.procedures.rules import Presence
from app.procedures.steps import OfferRecord, PaperRecord, PoolProcedureRecord, ProcedureRecord
from app.sample import files
from app.sample.files import (
    CentreEntry,
    CentresFile,
    ProcedureEntry,
    ProceduresFile,
    Version,
    sample_id,
)
from app.sample.places import GRAIN_MINUTES, pool_id

# What a commune's centre cannot take for the province: fingers and faces need the province's equipment.
NEEDS_EQUIPMENT: Final = frozenset({Presence.APPLICANT_BIOMETRIC})


async def put_catalogue() -> int:
    """Write the catalogue; how many rows changed. Joins the caller's operation."""
    procedures, centres = files.procedures(), files.centres()
    changed = await steps.put_procedures(_procedures(procedures))
    changed += await steps.put_papers(_papers(procedures))
    changed += await steps.put_offers(_offers(procedures, centres))
    changed += await steps.put_pool_procedures(_pool_procedures(procedures, centres))
    return changed


def offers_it(centre: CentreEntry, entry: ProcedureEntry, version: Version) -> bool:
    """Whether a centre takes a version: its own level, and what may be received anywhere."""
    if version.level == centre.tier:
        return True
    if not version.receive_anywhere:
        return False
    return centre.tier == "province" or Presence(entry.presence) not in NEEDS_EQUIPMENT


def shared_period(centre: CentreEntry, version: Version) -> tuple[date, date | None] | None:
    """The days on which both exist, or None."""
    start = max(centre.valid_from, version.valid_from)
    end = min((day for day in (centre.valid_to, version.valid_to) if day is not None), default=None)
    return None if end is not None and end < start else (start, end)


def procedure_key(entry: ProcedureEntry) -> uuid.UUID:
    """One key for all versions of a procedure, also those under a code of before."""
    return sample_id("procedure-key", entry.code)


def version_id(version: Version) -> uuid.UUID:
    return sample_id("procedure", f"{version.code}|{version.valid_from}")


def _procedures(file: ProceduresFile) -> Iterator[ProcedureRecord]:
    for entry in file.procedures:
        yield from rows_of(entry)


def rows_of(entry: ProcedureEntry) -> Iterator[ProcedureRecord]:
    """The versions of one procedure."""
    for version in entry.versions:
        yield ProcedureRecord(
            id=version_id(version),
            key=procedure_key(entry),
            code=version.code,
            name_vi=entry.name_vi,
            name_en=entry.name_en,
            folded=searchable(entry.name_vi, entry.name_en, version.code),
            sector=entry.sector,
            level=version.level,
            receive_anywhere=version.receive_anywhere,
            site_inspection=entry.site_inspection,
            presence=entry.presence,
            paperless_from=entry.paperless_from,
            postal_intake=entry.postal_intake,
            postal_return=entry.postal_return,
            processing_value=entry.processing.value,
            processing_unit=entry.processing.unit,
            fee_vnd=entry.fee.amount_vnd,
            fee_vi=entry.fee.text_vi,
            fee_en=entry.fee.text_en,
            exemptions_vi=entry.fee.exemptions_vi,
            exemptions_en=entry.fee.exemptions_en,
            p50_minutes=entry.minutes.p50,
            p90_minutes=entry.minutes.p90,
            result_vi=entry.result.name_vi,
            result_en=entry.result.name_en,
            result_code=entry.result.code,
            fee_verified=entry.fee.verified,
            processing_verified=entry.processing.verified,
            code_is_local=entry.code_is_local,
            decision=version.decision,
            valid_from=version.valid_from,
            valid_to=version.valid_to,
            agency_vi=version.agency_vi,
            agency_en=version.agency_en,
        )


def _papers(file: ProceduresFile) -> Iterator[PaperRecord]:
    for entry in file.procedures:
        for version in entry.versions:
            for position, paper in enumerate(entry.papers, 1):
                yield PaperRecord(
                    id=sample_id("paper", f"{version.code}|{version.valid_from}|{position}"),
                    procedure_id=version_id(version),
                    position=position,
                    name_vi=paper.name_vi,
                    name_en=paper.name_en,
                    kind=paper.kind,
                    originals=paper.originals,
                    copies=paper.copies,
                    bring_vi=paper.bring_vi,
                    bring_en=paper.bring_en,
                    optional=paper.optional,
                    reusable_from=paper.reusable_from,
                    digitise_class=paper.digitise_class,
                    code=paper.code,
                    replaced_by=paper.replaced_by,
                )


def _offers(procedures: ProceduresFile, centres: CentresFile) -> Iterator[OfferRecord]:
    for centre in centres.centres:
        for entry in procedures.procedures:
            for version in entry.versions:
                period = shared_period(centre, version)
                if period is None or not _can_do(centres, centre, entry, version):
                    continue
                p50, p90 = entry.minutes.p50, entry.minutes.p90
                yield OfferRecord(
                    centre_id=centre.id,
                    procedure_code=version.code,
                    grains=rules.grains(p50, grain_minutes=GRAIN_MINUTES),
                    p50_minutes=p50,
                    p80_minutes=rules.p80_minutes(p50_minutes=p50, p90_minutes=p90),
                    valid_from=period[0],
                    valid_to=period[1],
                )


def _can_do(file: CentresFile, centre: CentreEntry, entry: ProcedureEntry, version: Version) -> bool:
    """An offer without a pool would be a promise nobody keeps."""
    pools = file.layouts[centre.layout].pools
    return offers_it(centre, entry, version) and any(pool.serves(entry.sector) for pool in pools)


def _pool_procedures(procedures: ProceduresFile, centres: CentresFile) -> Iterator[PoolProcedureRecord]:
    for centre in centres.centres:
        for entry in procedures.procedures:
            codes = {
                version.code
                for version in entry.versions
                if shared_period(centre, version) and _can_do(centres, centre, entry, version)
            }
            for preference, pool in enumerate(centres.layouts[centre.layout].pools):
                if pool.serves(entry.sector):
                    for code in sorted(codes):
                        yield PoolProcedureRecord(pool_id(centre, pool.code), code, centre.id, preference)
