"""Loading the sample: places, catalogue, people, and the openings of the next working days."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from app.core import journal
from app.core.clock import local_date
from app.core.operation import operation
from app.sample import files
from app.sample.catalogue import put_catalogue
from app.sample.files import sample_id
from app.sample.money import put_money
from app.sample.openings import WORKING_DAYS, open_now, publish_openings
from app.sample.people import accounts, enrol_people, put_people
from app.sample.places import put_places

DEMO_CENTRE: Final = "HCC-14329"
DEMO_CENTRE_ID: Final = sample_id("centre", DEMO_CENTRE)
PARTNER_CLIENT_ID: Final = files.people().partner.client_id
PARTNER_CLIENT_SECRET: Final = files.people().partner.secret


class Account(NamedTuple):
    """Somebody or something that can sign in to the sample, and with what."""

    kind: str
    name: str
    secret: str


class SeedSummary(NamedTuple):
    """What loading changed; all zero the second time."""

    places: int
    procedures: int
    people: int
    openings: int
    accounts: tuple[Account, ...]

    @property
    def changed(self) -> int:
        return self.places + self.procedures + self.people + self.openings

    def as_dict(self) -> dict[str, Any]:
        """The summary as plain values, for a machine."""
        return {
            "changed": self.changed,
            "places": self.places,
            "procedures": self.procedures,
            "people": self.people,
            "openings": self.openings,
            "accounts": [account._asdict() for account in self.accounts],
        }


@operation
async def load_catalogue(*, now: datetime) -> tuple[int, int, int]:
    """Write places, procedures and officers in one transaction; how many rows of each changed."""
    places = await put_places()
    procedures = await put_catalogue() + await put_money(today=local_date(now))
    people = await put_people()
    if places + procedures + people:
        await journal.write(
            "sample.loaded",
            object_kind="sample",
            object_id="ninh-binh",
            at=now,
            detail={"places": places, "procedures": procedures, "people": people},
        )
    return places, procedures, people


async def seed(
    *, now: datetime, working_days: int = WORKING_DAYS, open_at_once: bool = False
) -> SeedSummary:
    """Load the sample. Running it twice changes nothing the second time.

    `open_at_once` opens the counters of the demonstration's centre now, whatever the day and the hour.
    """
    places, procedures, people = await load_catalogue(now=now)
    people += await enrol_people(now=now)
    openings = 0
    if open_at_once:
        openings += await open_now(DEMO_CENTRE_ID, now=now)
    openings += await publish_openings(now=now, working_days=working_days)
    return SeedSummary(
        places=places,
        procedures=procedures,
        people=people,
        openings=openings,
        accounts=tuple(Account(*account) for account in accounts()),
    )
