"""What a good chain is (pure): every link follows, every row says what was hashed, one holds it.

A row changed beside its body would otherwise be believed, and so would a body spelled another way.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import rfc8785

from app.core.canonical import GENESIS, canonical, chain_hash
from app.core.clock import local
from app.custody.queries import ChainLink, PackageRow


class Fault(NamedTuple):
    """The first bad row of one chain: the table it is in, its id, what is wrong with it."""

    row: str
    id: str
    what: str


def facts_of(package: PackageRow) -> Mapping[str, Any]:
    """What the first link tells of a package beside its hands; none of it ever changes but the contents."""
    return {
        "centre": str(package.centre_id),
        "citizen": str(package.citizen_id),
        "home_visit": str(package.home_visit_id),
        "direction": package.direction,
        "contents": msgspec.json.decode(package.contents),
        "sealed_at": local(package.sealed_at).isoformat(),
        "item_number": package.item_number,
    }


def first_bad_link(links: Sequence[ChainLink]) -> int | None:
    """The number of the first link that does not follow from the one before, or None.

    A link is good when its hash follows, and when every column says what was hashed.
    """
    head = GENESIS
    for expected, link in enumerate(links, start=1):
        body = _read(link)
        if body is None:
            return link.n
        head = chain_hash(head, body)
        if link.hash != head or link.n != expected or not _says_what_was_hashed(link, body):
            return link.n
    return None


def fault(package: PackageRow, links: Sequence[ChainLink]) -> Fault | None:
    """What is wrong with a package and its chain, at the first row where it is, or None."""
    if not links:
        return Fault("package", str(package.id), "it has no chain")
    bad = first_bad_link(links)
    if bad is not None:
        return _of_link(package, bad, "it does not follow, or its columns do not say what was hashed")
    bodies = [msgspec.json.decode(link.body) for link in links]
    for link, body in zip(links, bodies, strict=True):
        if (body.get("package"), body.get("seal")) != (str(package.id), package.seal_number):
            return _of_link(package, link.n, "it is of another package or seal")
        if (link.giver_kind, link.giver_id) == (link.receiver_kind, link.receiver_id):
            return _of_link(package, link.n, "it has one party, not two")
    for before, link in itertools.pairwise(links):
        if (link.giver_kind, link.giver_id) != (before.receiver_kind, before.receiver_id):
            return _of_link(package, link.n, "the giver did not hold the package")
    wrong = _unsaid(package, links[-1], bodies)
    return (
        None if wrong is None else Fault("package", str(package.id), f"{wrong} is not what the chain says")
    )


def _of_link(package: PackageRow, n: int, what: str) -> Fault:
    return Fault("custody_event", f"{package.id}/{n}", what)


def _read(link: ChainLink) -> Mapping[str, Any] | None:
    """The hashed body, or None when it is not spelled as it was."""
    try:
        body: Mapping[str, Any] = msgspec.json.decode(link.body, type=dict[str, Any])
        return body if canonical(body).decode() == link.body else None
    except (ValueError, rfc8785.CanonicalizationError):
        return None


def _says_what_was_hashed(link: ChainLink, body: Mapping[str, Any]) -> bool:
    told = {
        "n": link.n,
        "type": link.type,
        "giver_kind": link.giver_kind,
        "giver": link.giver_id,
        "receiver_kind": link.receiver_kind,
        "receiver": link.receiver_id,
        "seal_state": link.seal_state,
        "occurred_at": local(link.occurred_at).isoformat(),
        "recorded_at": local(link.recorded_at).isoformat(),
    }
    return all(body.get(name) == value for name, value in told.items())


def _unsaid(package: PackageRow, last: ChainLink, bodies: Sequence[Mapping[str, Any]]) -> str | None:
    """The first column of the package that its chain does not say."""
    said: dict[str, tuple[Any, Any]] = {
        "last_n": (package.last_n, last.n),
        "head": (package.head, last.hash),
        "custodian_kind": (package.custodian_kind, last.receiver_kind),
        "custodian_id": (package.custodian_id, last.receiver_id),
    }
    # Packages sealed before these were hashed have nothing to compare them with.
    if "state" in bodies[-1]:
        said["state"] = (package.state, bodies[-1]["state"])
    if "state" in bodies[0]:
        said["version"] = (package.version, last.n + 1)
        told: dict[str, Any] = {}
        for body in bodies:
            told |= body
        said |= {name: (value, told.get(name)) for name, value in facts_of(package).items()}
    return next((name for name, (kept, hashed) in said.items() if kept != hashed), None)
