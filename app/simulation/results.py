"""Results that are brought: whose dossier was accepted at a counter and who would rather have it at home.

Deciding takes minutes here, and days elsewhere: what is played is the way of the result.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.core.clock import current_time
from app.demo.people import StoryBroken, as_dialled, until
from app.documents.one_page import one_page
from app.simulation.asking import ANYBODY, promised
from app.simulation.chances import Happening, happens
from app.simulation.doors import awaits_result
from app.simulation.hall import Guest
from app.simulation.members import Member
from app.simulation.office import Office
from app.simulation.traffic import Place

RESULT: Final = "decision, signed"
DECIDED_MINUTES: Final = (5.0, 25.0)
RESULTS_A_COURIER: Final = 4
# A window that begins sooner is nobody's any more.
ASKS_BEFORE: Final = timedelta(minutes=15)


@dataclass
class Results:
    """So many of a day as the couriers can bring beside what they fetch."""

    office: Office
    windows: Sequence[datetime]
    centre: Place
    chance: random.Random
    left: int

    async def __call__(self, officer: Member, ticket: dict[str, Any], guest: Guest) -> None:
        """At the counter: accept what was brought, to be returned at home, where that is wished."""
        procedure = guest.visitor.procedure
        last = self.windows[-1] - timedelta(minutes=DECIDED_MINUTES[1])
        if guest.member is None or self.left <= 0 or current_time() > last:
            return
        if not happens(Happening.WANTS_IT_HOME, self.chance):
            return
        found = (await officer.ask("GET", f"/v1/procedures/{procedure}")).json()
        # What the province decides is somebody else's to finish.
        if not found["home_delivery"] or found["level"] != "commune":
            return
        self.left -= 1
        self.office.book.note(Happening.WANTS_IT_HOME)
        self.office.book.asked += 1
        dossier = await officer.post(
            "/v1/staff/dossiers",
            {
                "procedure": procedure,
                "ticket_id": ticket["id"],
                "applicant": {"name": ANYBODY, "phone": as_dialled(guest.phone)},
                "components": [
                    {"component": n, "originals": paper["originals"], "copies": paper["copies"]}
                    for n, paper in enumerate(found["papers"], 1)
                    if paper["originals"] + paper["copies"]
                ],
                "return_mode": "home",
            },
        )
        self.office.begin(self._bring(guest, guest.member, dossier))

    async def _bring(self, guest: Guest, owner: Member, dossier: dict[str, Any]) -> None:
        """It is decided and digitised; its owner asks for the nearest window."""
        office, number = self.office, dossier["number"]
        await office.world.tempo.minutes(self.chance.uniform(*DECIDED_MINUTES))
        document = await _digitised(office.counter, number)
        await office.counter.post(
            f"/v1/staff/dossiers/{number}/complete",
            {"result_document_id": document},
            version=dossier["version"],
        )
        asking = awaits_result(
            guest.visitor.procedure,
            wishes=current_time() + ASKS_BEFORE,
            centre=self.centre,
            chance=self.chance,
        )
        async with office.book.asking:
            await promised(office.world, office.book, owner, asking, guest.phone, dossier=number)


async def _digitised(officer: Member, number: str) -> str:
    """The scanned result, once it was inspected."""
    answer = await officer.ask(
        "POST",
        "/v1/staff/documents",
        params={"kind": "result", "dossier": number},
        content=one_page(f"{RESULT}: {number}"),
        headers={"Content-Type": "application/pdf"},
    )
    answer.raise_for_status()
    document = str(answer.json()["id"])

    async def clean() -> str | None:
        seen = (await officer.ask("GET", f"/v1/staff/documents/{document}")).json()
        if seen["state"] == "rejected":
            raise StoryBroken(f"the scan was rejected: {seen['rejected_because']}")
        return document if seen["state"] == "clean" else None

    return await until("the scan to be inspected", clean)
