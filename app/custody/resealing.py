"""A seal is replaced on the way: the old bag is closed for ever, and its papers go on in a new one.

A seal number is in one package, ever: the new number is a new package with a chain of its own, whose first
link says which one it replaces, why, and in whose presence.
"""

from app.custody.errors import PackageClosed, PackageQuarantined
from app.custody.queries import PackageRow
from app.custody.steps import CLOSED, Moment, Party, link, locked, papers_in, seal_package


async def reseal(
    seal_number: str,
    *,
    new_seal_number: str,
    holder: Party,
    witness: Party,
    reason: str,
    moment: Moment,
) -> PackageRow:
    """The new package, with who held the old one.

    Raises `NotTheCustodian` unless the holder has it, `SameParty` without somebody else who saw it,
    `SealUsed`, `PackageQuarantined`, `PackageClosed`.
    """
    package = await locked(seal_number)
    if package.state == "quarantined":
        raise PackageQuarantined
    if package.state in CLOSED:
        raise PackageClosed(state=package.state)
    told = {"resealed_as": new_seal_number, "reason": reason}
    await link(package, "resealed", holder, witness, "broken", moment, state="resealed", told=told)
    return await seal_package(
        seal_number=new_seal_number,
        home_visit_id=package.home_visit_id,
        centre_id=package.centre_id,
        citizen_id=package.citizen_id,
        direction=package.direction,
        contents=papers_in(package),
        giver=witness,
        receiver=holder,
        moment=moment,
        told={"replaces": seal_number, "reason": reason},
    )
