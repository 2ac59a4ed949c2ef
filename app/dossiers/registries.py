"""The port to stores of papers that others keep (kho dữ liệu quốc gia, of a ministry or of the population).

Nothing is plugged in here: an entrance plugs what its installation is connected to.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol

from app.procedures.queries import PaperRow


class Held(NamedTuple):
    """A store has this paper of the person: which of those asked for, and under which code."""

    component: int
    result_code: str
    name: str
    reference: str
    issued_on: date | None
    valid_until: date | None


class PersonRegistry(Protocol):
    """One store of people's papers. It is asked outside any transaction."""

    @property
    def source(self) -> str:
        """What the catalogue calls it (`reusable_from` of a paper)."""

    async def find(self, *, citizen_number: str, papers: Sequence[tuple[int, PaperRow]]) -> Sequence[Held]:
        """What it holds of these, each with its place in the list.

        Raises `Unavailable` when it cannot be asked now; intake goes on without it.
        """


_plugged: dict[str, PersonRegistry] = {}


def plug(*registries: PersonRegistry) -> None:
    """These are the stores of this installation, and no others."""
    _plugged.clear()
    _plugged.update({registry.source: registry for registry in registries})


def plugged() -> dict[str, PersonRegistry]:
    """The stores of this installation, by what the catalogue calls them."""
    return dict(_plugged)
