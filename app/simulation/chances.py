"""What may happen on a simulated day, and how often: all of it here, drawn from the day's seed (pure)."""

import random
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class Happening(StrEnum):
    """Something a day has to bear. What it means, and for whom it is drawn, stands beside its share."""

    CHANGES_MIND = "changes_mind"
    ABSENT = "absent"
    PAPER_MISSING = "paper_missing"
    PAPER_FOUND = "paper_found"
    PAPER_IN_STORE = "paper_in_store"
    ASKS_AGAIN = "asks_again"
    SHOWS_PAPER = "shows_paper"
    SEAL_TORN = "seal_torn"
    WANTS_IT_HOME = "wants_it_home"
    NOT_AT_HOME = "not_at_home"
    AWAY_AGAIN = "away_again"
    REFUSED = "refused"
    SENDS_SISTER = "sends_sister"
    WRONG_CODE = "wrong_code"
    FETCHES_IT = "fetches_it"
    JAM = "jam"
    PHONE_DIES = "phone_dies"
    PHONE_SILENT = "phone_silent"
    CLOCK_OFF = "clock_off"
    TOLD_TWICE = "told_twice"
    FALLS_ILL = "falls_ill"


SHARES: Final[Mapping[Happening, float]] = MappingProxyType(
    {
        # Of those who have papers fetched.
        Happening.CHANGES_MIND: 0.05,  # cancels an hour before
        Happening.ABSENT: 0.08,  # nobody is at home
        Happening.PAPER_MISSING: 0.12,  # a paper that is required is not there
        Happening.PAPER_FOUND: 0.4,  # of those: it is found, for the courier says what is looked for
        Happening.PAPER_IN_STORE: 0.2,  # a paper is not there that the electronic store has
        Happening.ASKS_AGAIN: 0.7,  # of those for whom nothing could be done: another window
        Happening.SHOWS_PAPER: 0.1,  # of a group that does not pay
        Happening.SEAL_TORN: 0.07,  # found at the centre
        # Of those served at a counter, and of the results that are brought.
        Happening.WANTS_IT_HOME: 0.35,
        Happening.NOT_AT_HOME: 0.2,
        Happening.AWAY_AGAIN: 0.5,  # of those: at the second attempt too, so the post office keeps it
        Happening.FETCHES_IT: 0.5,  # of those: the same evening
        Happening.REFUSED: 0.05,  # goes back to the centre
        Happening.SENDS_SISTER: 0.12,  # with an authorisation
        Happening.WRONG_CODE: 0.1,  # misread once, then right
        # Of each way that is ridden.
        Happening.JAM: 0.05,  # takes twice as long
        # Of each door, each batch, and each courier.
        Happening.PHONE_DIES: 0.06,  # out of battery or signal for an hour or two
        Happening.TOLD_TWICE: 0.25,  # the answer was lost: all of it again, in another order
        Happening.PHONE_SILENT: 0.2,  # nothing is told all day, and everything in the evening
        Happening.CLOCK_OFF: 0.2,  # by an hour
        Happening.FALLS_ILL: 0.15,  # in the middle of the morning
    }
)


def happens(what: Happening, chance: random.Random) -> bool:
    return chance.random() < SHARES[what]


def drawn(chance: random.Random, *among: Happening) -> frozenset[Happening]:
    """Which of them will happen to somebody, each by itself."""
    return frozenset(what for what in among if happens(what, chance))


def as_seen(seen: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """Each with its share and how often it came to it."""
    return {
        what.value: {"share": share, "count": seen.get(what.value, 0)} for what, share in SHARES.items()
    }
