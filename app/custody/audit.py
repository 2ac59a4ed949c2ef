"""Everything about custody recomputed from what is stored, a thousand packages at a time.

One snapshot of the database is read in order of the packages' ids, so that nothing has to be stopped
for it and no table is ever loaded whole.
"""

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
import rfc8785

from app.core.canonical import GENESIS, canonical, chain_hash
from app.core.database import in_transaction, transaction
from app.core.keys import keys
from app.custody import heads, proof
from app.custody.heads import Head, Root
from app.custody.proof import Fault
from app.custody.queries import COLUMNS, HEAD_COLUMNS, LINK_COLUMNS, ChainLink, PackageRow
from app.http.tokens import SigningKey

AT_ONCE: Final = 1000
MOST_FAULTS: Final = 1000
FIRST: Final = uuid.UUID(int=0)

Told = Callable[[int, int], None]


class Report(NamedTuple):
    """What was looked at, and the first bad row of each chain (at most a thousand of them)."""

    packages: int
    links: int
    heads: int
    faults: Sequence[Fault]

    def as_dict(self) -> dict[str, Any]:
        return self._asdict() | {"faults": [fault._asdict() for fault in self.faults]}

    def as_text(self) -> str:
        """A line per bad row, and one that counts."""
        bad = [f"✗ {fault.row} {fault.id}: {fault.what}" for fault in self.faults]
        counted = f"{self.packages} package(s), {self.links} link(s), {self.heads} signed head(s)"
        return "\n".join([*bad, f"{counted}: {len(bad) or 'no'} bad row(s)."])


async def verify(*, kept: str | None = None, told: Told = lambda _done, _of: None) -> Report:
    """Every chain, every custodian, every seal, every signed head. `kept` is a head printed before."""
    async with transaction() as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # A whole province is recomputed between two statements: that is work, not idleness.
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        of = await connection.fetchval("SELECT count(*) FROM package")
        faults: list[Fault] = []
        packages = links = 0
        async for package, chain in _chains():
            packages, links = packages + 1, links + len(chain)
            fault = proof.fault(package, chain)
            if fault is not None and len(faults) < MOST_FAULTS:
                faults.append(fault)
            if packages % AT_ONCE == 0:
                told(packages, of)
        faults += await _of_no_package()
        faults += await _seals_used_twice()
        count, of_heads = await _heads(kept)
        return Report(packages, links, count, [*faults, *of_heads])


async def _chains() -> AsyncIterator[tuple[PackageRow, list[ChainLink]]]:
    """Each package with its chain, in the order of the ids."""
    # The smallest possible id may be a package's too: the first page takes it in.
    after, reach = FIRST, ">="
    while True:
        rows = await in_transaction().fetch(
            f"SELECT {COLUMNS} FROM package WHERE id {reach} $1 ORDER BY id LIMIT {AT_ONCE}", after
        )
        if not rows:
            return
        packages = [PackageRow(*row) for row in rows]
        after, reach = packages[-1].id, ">"
        chains: dict[uuid.UUID, list[ChainLink]] = {package.id: [] for package in packages}
        found = await in_transaction().fetch(
            f"SELECT package_id, {LINK_COLUMNS} FROM custody_event WHERE package_id = ANY($1)"
            " ORDER BY package_id, n",
            list(chains),
        )
        for package_id, *link in found:
            chains[package_id].append(ChainLink(*link))
        for package in packages:
            yield package, chains[package.id]


async def _of_no_package() -> list[Fault]:
    rows = await in_transaction().fetch(
        "SELECT package_id, min(n) AS n FROM custody_event link WHERE NOT EXISTS"
        " (SELECT 1 FROM package WHERE package.id = link.package_id)"
        f" GROUP BY package_id ORDER BY package_id LIMIT {MOST_FAULTS}"
    )
    return [Fault("custody_event", f"{row['package_id']}/{row['n']}", "it has no package") for row in rows]


async def _seals_used_twice() -> list[Fault]:
    """The database refuses it while its index stands; this looks whether it still does."""
    rows = await in_transaction().fetch(
        "SELECT max(id::text) AS id FROM package GROUP BY seal_number HAVING count(*) > 1"
        f" ORDER BY 1 LIMIT {MOST_FAULTS}"
    )
    return [Fault("package", row["id"], "its seal is another package's too") for row in rows]


async def _heads(kept: str | None) -> tuple[int, list[Fault]]:
    """The heads follow from one another, are signed, and say how far the chains were."""
    rows = await in_transaction().fetch(f"SELECT {HEAD_COLUMNS} FROM custody_head ORDER BY day")
    found = [Head(*row) for row in rows]
    known = {kid: SigningKey.from_pem(kid, pem) for kid, pem in keys().signing.items()}
    previous, faults = GENESIS, await _signed_by_no_head()
    for head in found:
        what = _bad_head(head, previous, known.get(head.kid)) or await _bad_root(head)
        if what is not None:
            faults.append(Fault("custody_head", head.day.isoformat(), what))
            break
        previous = head.hash
    if kept is not None and kept.strip() not in {head.printed() for head in found}:
        faults.append(Fault("custody_head", "kept outside", "it does not stand here any more"))
    return len(found), faults


def _bad_head(head: Head, previous: bytes, key: SigningKey | None) -> str | None:
    try:
        body = msgspec.json.decode(head.body, type=dict[str, Any])
        if canonical(body).decode() != head.body or chain_hash(previous, body) != head.hash:
            return "it does not follow from the head before"
    except (ValueError, rfc8785.CanonicalizationError):
        return "it cannot be read"
    if (body.get("day"), body.get("previous")) != (head.day.isoformat(), previous.hex()):
        return "its row does not say what was signed"
    if key is None:
        return f"its key {head.kid} is not in the key file; keep retired keys there"
    return None if heads.is_signed(head, key) else "its signature is not of this key"


async def _bad_root(head: Head) -> str | None:
    """The links a head was made of are still where they were."""
    root = Root()
    async for row in in_transaction().cursor(
        "SELECT signed.package_id, signed.n, signed.hash, link.hash AS now FROM custody_signed signed"
        " LEFT JOIN custody_event link USING (package_id, n) WHERE signed.day = $1 ORDER BY package_id, n",
        head.day,
        prefetch=AT_ONCE,
    ):
        if row["hash"] != row["now"]:
            return f"link {row['package_id']}/{row['n']} was signed, and is another or gone"
        root.add(row["package_id"], row["n"], row["hash"])
    body = msgspec.json.decode(head.body, type=dict[str, Any])
    said = body.get("chains"), body.get("root")
    return None if said == (root.chains, root.hex()) else "the links it was made of are not all there"


async def _signed_by_no_head() -> list[Fault]:
    days: Sequence[date] = [
        row["day"]
        for row in await in_transaction().fetch(
            "SELECT DISTINCT day FROM custody_signed signed WHERE NOT EXISTS"
            " (SELECT 1 FROM custody_head head WHERE head.day = signed.day) ORDER BY day"
        )
    ]
    return [Fault("custody_signed", day.isoformat(), "no head of this day stands") for day in days]
