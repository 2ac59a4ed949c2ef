"""The journal recomputed from what is stored, seal by seal, in one snapshot."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import rfc8785

from app.audit import queries, seals
from app.audit.queries import LINE_COLUMNS, SEAL_COLUMNS
from app.audit.seals import JournalLine, Root, Seal
from app.core.canonical import GENESIS, canonical, chain_hash
from app.core.clock import local
from app.core.database import in_transaction, transaction
from app.core.keys import keys
from app.custody.proof import Fault
from app.http.tokens import SigningKey

AT_ONCE: Final = 1000
MOST_FAULTS: Final = 1000

# Lines are numbered from one, and the first seal begins there.
BELOW_ALL_SEALS: Final = "SELECT seq FROM journal WHERE seq < 1 ORDER BY seq LIMIT $1"

Told = Callable[[int, int], None]


class JournalReport(NamedTuple):
    """What was looked at, and the first bad line of each seal (at most a thousand of them)."""

    lines: int
    seals: int
    unsealed: int
    faults: Sequence[Fault]

    def as_dict(self) -> dict[str, Any]:
        return self._asdict() | {"faults": [fault._asdict() for fault in self.faults]}

    def as_text(self) -> str:
        bad = [f"✗ {fault.row} {fault.id}: {fault.what}" for fault in self.faults]
        counted = f"{self.lines} journal line(s) under {self.seals} seal(s), {self.unsealed} not sealed yet"
        return "\n".join([*bad, f"{counted}: {len(bad) or 'no'} bad row(s)."])


async def verify(*, kept: str | None = None, told: Told = lambda _done, _of: None) -> JournalReport:
    """Every seal, every line under one, and that none stands below. `kept` is a seal printed before."""
    async with transaction() as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        known = {kid: SigningKey.from_pem(kid, pem) for kid, pem in keys().signing.items()}
        of = await connection.fetchval("SELECT count(*) FROM journal_seal")
        faults = [
            Fault("journal", str(row["seq"]), "its number is below one, where no seal reaches")
            async for row in connection.cursor(BELOW_ALL_SEALS, MOST_FAULTS)
        ]
        previous, after, lines, count, stands = GENESIS, 0, 0, 0, kept is None
        async for row in connection.cursor(
            f"SELECT {SEAL_COLUMNS} FROM journal_seal ORDER BY n", prefetch=AT_ONCE
        ):
            seal = Seal(*row)
            count += 1
            told(count, of)
            stands = stands or (kept is not None and kept.strip() == seal.printed())
            what = _bad_seal(seal, count, previous, after, known.get(seal.kid))
            if what is not None:
                # What follows is judged by a seal that is not good: the first one says it all.
                faults.append(Fault("journal_seal", str(seal.n), what))
                break
            root = await _root(after, seal.upto)
            lines += root.lines
            fault = _bad_lines(seal, root)
            if fault is not None and len(faults) < MOST_FAULTS:
                faults.append(fault)
            previous, after = seal.hash, seal.upto
        if not stands:
            faults.append(Fault("journal_seal", "kept outside", "it does not stand here any more"))
        unsealed, _ = await queries.unsealed()
        return JournalReport(lines, count, unsealed, faults)


def _bad_seal(seal: Seal, n: int, previous: bytes, after: int, key: SigningKey | None) -> str | None:
    try:
        body = msgspec.json.decode(seal.body, type=dict[str, Any])
        if canonical(body).decode() != seal.body or chain_hash(previous, body) != seal.hash:
            return "it does not follow from the seal before"
    except (ValueError, rfc8785.CanonicalizationError):
        return "it cannot be read"
    said = [body.get(name) for name in ("n", "after", "upto", "made_at", "previous")]
    if said != [n, after, seal.upto, local(seal.made_at).isoformat(), previous.hex()] or seal.n != n:
        return "its row does not say what was signed"
    if key is None:
        return f"its key {seal.kid} is not in the key file; keep retired keys there"
    return None if seals.is_signed(seal, key) else "its signature is not of this key"


def _bad_lines(seal: Seal, root: Root) -> Fault | None:
    """The first line that is not as it was sealed, or the seal when its marks are not its lines'."""
    body = msgspec.json.decode(seal.body, type=dict[str, Any])
    different = seals.first_difference(seal.marks, root.marks())
    if (body["lines"], body["root"]) == (root.lines, root.hex()):
        return None if different is None else Fault("journal_seal", str(seal.n), "its marks are others")
    if different is None:
        return Fault("journal_seal", str(seal.n), "a line under it is not what was sealed")
    number, what = different
    return Fault("journal", str(number), what)


async def _root(after: int, upto: int) -> Root:
    root = Root()
    async for row in in_transaction().cursor(
        f"SELECT {LINE_COLUMNS} FROM journal WHERE seq > $1 AND seq <= $2 ORDER BY seq",
        after,
        upto,
        prefetch=AT_ONCE,
    ):
        root.add(JournalLine(*row))
    return root
