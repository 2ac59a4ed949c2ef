"""Mistakes a postal IT department really makes, one at a time: `--fault NAME`.

Each is found by the check of the partner kit that is named beside it; without a fault every check passes.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Fault(StrEnum):
    """What the emulator does wrong when told to."""

    ACCEPTS_FORGED = "accepts-forged-signature"
    ACCEPTS_OLD = "accepts-old-timestamp"
    READS_FIRST_SIGNATURE = "reads-first-signature-only"
    ACTS_ON_DUPLICATES = "acts-on-duplicates"
    ACTS_ON_LATE = "acts-on-late-events"
    IGNORES_GAPS = "ignores-gaps"
    REFUSES_UNKNOWN_TYPES = "refuses-unknown-types"
    REFUSES_UNKNOWN_FIELDS = "refuses-unknown-fields"
    REDIRECTS = "redirects"
    ANSWERS_GONE = "answers-gone"
    ANSWERS_LATE = "answers-late"
    ECHOES_PEOPLE = "echoes-people"
    NAIVE_TIMES = "sends-naive-times"
    REUSES_EVENT_IDS = "reuses-event-ids"
    MISTYPES_ITEM_NUMBERS = "mistypes-item-numbers"
    NEW_IDS_ON_RETRY = "new-ids-on-retry"
    PRINTS_WRONG_DIGITS = "prints-wrong-check-digits"
    INVENTS_ITEM_NUMBERS = "invents-item-numbers"
    REUSES_ITEM_NUMBERS = "reuses-item-numbers"
    TAKES_ANOTHER_NUMBER = "takes-another-item-number"
    TRUSTS_USED_NUMBERS = "trusts-used-item-numbers"


# Fault → the check that must name it.
FOUND_BY: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.ACCEPTS_FORGED: "forged-signature-is-refused",
        Fault.ACCEPTS_OLD: "old-timestamp-is-refused",
        Fault.READS_FIRST_SIGNATURE: "second-signature-is-accepted",
        Fault.ACTS_ON_DUPLICATES: "duplicates-have-one-effect",
        Fault.ACTS_ON_LATE: "late-event-changes-nothing",
        Fault.IGNORES_GAPS: "gap-is-filled-from-feed",
        Fault.REFUSES_UNKNOWN_TYPES: "unknown-type-is-accepted",
        Fault.REFUSES_UNKNOWN_FIELDS: "unknown-fields-are-accepted",
        Fault.REDIRECTS: "never-redirects",
        Fault.ANSWERS_GONE: "never-says-gone",
        Fault.ANSWERS_LATE: "answers-in-time",
        Fault.ECHOES_PEOPLE: "no-people-in-answers-or-reports",
        Fault.NAIVE_TIMES: "times-have-an-offset",
        Fault.REUSES_EVENT_IDS: "event-ids-are-used-once",
        Fault.MISTYPES_ITEM_NUMBERS: "seal-numbers-are-well-formed",
        Fault.NEW_IDS_ON_RETRY: "a-retry-is-the-same-batch",
        Fault.PRINTS_WRONG_DIGITS: "item-numbers-have-their-check-digit",
        Fault.INVENTS_ITEM_NUMBERS: "item-numbers-come-from-the-stock",
        Fault.REUSES_ITEM_NUMBERS: "item-numbers-are-bound-once",
        Fault.TAKES_ANOTHER_NUMBER: "item-number-is-the-visits-own",
        Fault.TRUSTS_USED_NUMBERS: "used-item-number-is-refused",
    }
)
