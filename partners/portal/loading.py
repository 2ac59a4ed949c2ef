"""What the portal is told of a dossier: what the dossier is, and what was paid for it."""

import uuid

from app.dossiers import exchange
from app.dossiers.exchange import Exchanged, PaidFee
from app.payments import counter
from app.payments.rules import Purse


async def load(dossier_id: uuid.UUID) -> Exchanged:
    """The dossier now, with the state fees that stand. Raises `DossierNotFound`."""
    dossier = await exchange.load(dossier_id)
    fees = [
        PaidFee(each.receipt, each.amount_vnd)
        for each in await counter.of_dossier(dossier_id)
        if each.purse == Purse.STATE and each.amount_vnd and each.voided_at is None
    ]
    return dossier._replace(fees=fees)
