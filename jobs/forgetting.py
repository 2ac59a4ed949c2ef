"""Records that serve for minutes or hours and are of no use after: they go, a batch in each transaction.

All at once would be given up when a statement has lasted too long, and after a week without a worker that
would be so for ever.
"""

from typing import Final

from app.core.database import in_transaction
from app.core.operation import operation

FORGOTTEN_AT_ONCE: Final = 5_000

# Each table, and which of its rows are past their time.
PAST_THEIR_TIME: Final = (
    "idempotency_record WHERE expires_at < now()",
    "client_assertion WHERE expires_at < now()",
    "otp_challenge WHERE expires_at < now() - interval '24 hours'",
    "device_enrolment WHERE expires_at < now() - interval '24 hours'",
    "sign_in_failure WHERE at < now() - interval '1 day'",
)


@operation
async def forget(which: str) -> int:
    """Remove a batch of one of these; how many went."""
    table = which.partition(" ")[0]
    # By their place: the keys of these tables have nothing in common, and a locked row does not move.
    tag = await in_transaction().execute(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("
        f" SELECT ctid FROM {which} LIMIT {FORGOTTEN_AT_ONCE} FOR UPDATE SKIP LOCKED))"
    )
    return int(tag.rpartition(" ")[2])
