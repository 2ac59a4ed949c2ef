"""What a report about a letter changes: the message failed, and perhaps its address is dead."""

from datetime import datetime

from app.citizens import emails
from app.core.database import in_transaction
from app.core.operation import operation
from notifications.mail.bounces import Bounce
from notifications.receipts import note_receipt


async def note_report(bounce: Bounce, *, now: datetime) -> None:
    """Told twice is once. A delay is no news: the mail server goes on trying."""
    if not bounce.failed:
        return
    await note_receipt(
        message_id=bounce.message_id, provider_id="", status="undelivered", error_code=bounce.code, now=now
    )
    if bounce.gone:
        await _give_address_up(bounce=bounce, now=now)


@operation
async def _give_address_up(*, bounce: Bounce, now: datetime) -> None:
    """Of the address as it was then: one confirmed anew since is another matter, and the same again."""
    address = await in_transaction().fetchval(
        "SELECT address FROM message m WHERE m.id = $1 AND m.channel = 'email' AND NOT EXISTS"
        " (SELECT 1 FROM citizen_email e WHERE lower(e.address) = lower(m.address)"
        "   AND e.confirmed_at > m.created_at)",
        bounce.message_id,
    )
    if address:
        await emails.note_undeliverable(address, now=now)
