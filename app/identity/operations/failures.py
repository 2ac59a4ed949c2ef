"""Wrong guesses: counted under a name, whether it exists or not, and refused when there were too many."""

from app.core.database import fetch_value, in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.identity import rules
from app.identity.errors import TooManySignIns


async def refuse_after_many(name: str) -> None:
    """Raises `TooManySignIns` for a name that guessed wrong too often."""
    failures = await fetch_value(
        "SELECT count(*) FROM sign_in_failure WHERE username = $1"
        " AND at > clock_timestamp() - $2::interval",
        name,
        rules.PASSWORD_WINDOW,
    )
    if failures >= rules.PASSWORD_FAILURES:
        raise TooManySignIns(retry_after=int(rules.PASSWORD_WINDOW.total_seconds()))


@operation
async def count_failure(name: str) -> None:
    """One more; committed although the caller is refused."""
    await in_transaction().execute(
        "INSERT INTO sign_in_failure (id, username) VALUES ($1, $2)", new_id(), name
    )
