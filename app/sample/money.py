"""The sample's postage and exemptions: assumed, and marked as such in the file."""

from app.payments import steps
from app.payments.steps import ExemptionRecord, TariffRecord
from app.sample import files
from app.sample.files import sample_id


async def put_money() -> int:
    """Write prices and exemptions; how many rows changed. Joins the caller's operation."""
    money = files.money()
    changed = await steps.put_tariffs(
        [
            TariffRecord(
                sample_id("tariff", f"{entry.kind}|{entry.up_to_km}|{entry.valid_from}"),
                entry.kind,
                entry.up_to_km,
                entry.amount_vnd,
                entry.decision,
                entry.valid_from,
                entry.valid_to,
            )
            for entry in money.tariffs
        ]
    )
    return changed + await steps.put_exemptions(
        [
            ExemptionRecord(
                sample_id(
                    "exemption",
                    f"{entry.code}|{entry.purse}|{entry.sector}|{entry.procedure_code}|{entry.valid_from}",
                ),
                entry.code,
                entry.purse,
                entry.sector,
                entry.procedure_code,
                entry.by_proof,
                entry.name_vi,
                entry.name_en,
                entry.decision,
                entry.valid_from,
                entry.valid_to,
            )
            for entry in money.exemptions
        ]
    )
