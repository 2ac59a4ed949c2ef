"""What a courier does at a door on a simulated day, and what they report of it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from app.core.clock import current_time
from app.simulation.asking import asks_again, wishes_again
from app.simulation.chances import Happening
from app.simulation.office import Task
from app.simulation.promises import Visit

if TYPE_CHECKING:
    from app.simulation.couriers import Courier

FINDING_MINUTES: Final = 6.0
TRIED_AGAIN_AFTER: Final = timedelta(minutes=30)

Papers = list[dict[str, int]]


class Bag(NamedTuple):
    """Something sealed on its way to the centre."""

    task: Task
    seal: str
    papers: Papers


def seal_of(task: Task) -> str:
    return f"NP-{task['id'][-12:]}".upper()


def papers_of(task: Task) -> Papers:
    """What goes into the bag: a paper that is only shown stays where it is."""
    return [
        {"component": paper["component"], "originals": paper["originals"], "copies": paper["copies"]}
        for paper in task["papers"]
        if paper["originals"] + paper["copies"]
    ]


async def collect(courier: "Courier", task: Task, visit: Visit) -> None:
    """Count against the published list, seal before the citizen's eyes, take what is owed."""
    if visit.is_to(Happening.ABSENT):
        courier.office.book.note(Happening.ABSENT)
        await courier.phone.tell(task, "failed", reason="absent")
        _nothing_done(courier, visit, "absent")
        return
    await courier.office.world.tempo.minutes(visit.household.minutes)
    papers = await _counted(courier, task, visit)
    if papers is None:
        await courier.phone.tell(task, "failed", reason="incomplete_papers")
        _nothing_done(courier, visit, "incomplete")
        return
    seal = seal_of(task)
    await courier.phone.tell(task, "counted", papers=papers)
    await courier.phone.tell(task, "sealed", seal=seal, papers=papers)
    await _take_money(courier, task, visit)
    courier.bags.append(Bag(task, seal, papers))


async def _counted(courier: "Courier", task: Task, visit: Visit) -> Papers | None:
    """What is handed in: what was missing is found, or in the electronic store, or nothing is."""
    office, papers = courier.office, papers_of(task)
    if visit.is_to(Happening.PAPER_MISSING):
        office.book.note(Happening.PAPER_MISSING)
        await courier.phone.tell(task, "counted", papers=papers[1:], missing=[papers[0]["component"]])
        if not visit.is_to(Happening.PAPER_FOUND):
            return None
        office.book.note(Happening.PAPER_FOUND)
        await office.world.tempo.minutes(FINDING_MINUTES)
    elif visit.is_to(Happening.PAPER_IN_STORE):
        stored = await office.reusable(visit.household.procedure)
        handed_in = [paper for paper in papers if paper["component"] not in stored]
        if len(handed_in) < len(papers):
            office.book.note(Happening.PAPER_IN_STORE)
            return handed_in
    return papers


def _nothing_done(courier: "Courier", visit: Visit, ended: str) -> None:
    """Who is told so may ask again; of a phone that says nothing they hear too late."""
    visit.ended = ended
    if visit.is_to(Happening.ASKS_AGAIN) and not courier.phone.is_dead:
        office = courier.office
        office.begin(asks_again(office.world, office.book, visit, ended=ended, after=wishes_again()))


async def deliver(courier: "Courier", task: Task, visit: Visit, *, second: bool = False) -> None:
    """To its owner against the code, or to whom the owner sends with an authorisation; to nobody else."""
    book = courier.office.book
    if visit.is_to(Happening.NOT_AT_HOME) and (not second or visit.is_to(Happening.AWAY_AGAIN)):
        book.note(Happening.AWAY_AGAIN if second else Happening.NOT_AT_HOME)
        await courier.phone.tell(task, "attempt_failed", reason="absent")
        if second:
            courier.unclaimed.append(task)
        else:
            courier.try_later(task, current_time() + TRIED_AGAIN_AFTER)
        return
    if visit.is_to(Happening.REFUSED):
        book.note(Happening.REFUSED)
        await courier.phone.tell(task, "attempt_failed", reason="refused")
        await courier.phone.tell(task, "returned")
        courier.refused.append(Bag(task, courier.carried.pop(task["id"]), []))
        return
    await courier.office.world.tempo.minutes(visit.household.minutes)
    await _hand_over(courier, task, visit)


async def keep_or_fetch(courier: "Courier", task: Task, visit: Visit) -> None:
    """After two attempts the post office keeps it; some come for it the same evening."""
    courier.carried.pop(task["id"], None)
    visit.ended = "held"
    if visit.is_to(Happening.FETCHES_IT):
        courier.office.book.note(Happening.FETCHES_IT)
        await _hand_over(courier, task, visit)


async def _hand_over(courier: "Courier", task: Task, visit: Visit) -> None:
    """Paid first; then the code the owner reads off their phone, or the authorised receiver's paper."""
    book, phone = courier.office.book, courier.phone
    await _take_money(courier, task, visit)
    if visit.is_to(Happening.SENDS_SISTER):
        book.note(Happening.SENDS_SISTER)
        number = f"UQ-{courier.office.day.year}-{len(courier.done)}"
        await phone.tell(task, "delivered", receiver="sister", relation="sister", authorisation=number)
    else:
        assert visit.member is not None
        seen = await visit.member.ask("GET", f"/v1/home-visits/{visit.id}")
        seen.raise_for_status()
        code = str(seen.json()["hand_over_code"])
        if visit.is_to(Happening.WRONG_CODE):
            book.note(Happening.WRONG_CODE)
            await phone.tell(task, "delivered", receiver="owner", code=code[::-1] + "0")
        await phone.tell(task, "delivered", receiver="owner", code=code)
    courier.carried.pop(task["id"], None)
    visit.ended = "delivered"


async def _take_money(courier: "Courier", task: Task, visit: Visit) -> None:
    """What the task says is owed, with a receipt for each purse; or the paper of a poor household."""
    for kind in ("state", "postage"):
        owed = task["bill"][f"owed_{kind}_vnd"]
        if not owed:
            continue
        if visit.is_to(Happening.SHOWS_PAPER):
            courier.office.book.note(Happening.SHOWS_PAPER)
            await courier.phone.tell(task, "fee_collected", amount=0, kind=kind, waiver="HN")
            continue
        courier.office.pocket[courier.name, kind] += owed
        await courier.phone.tell(
            task, "fee_collected", amount=owed, kind=kind, receipt=courier.receipt(kind)
        )
