"""The partner kit passes a sound system and names the fault of every other, over real HTTP."""

import pytest

from partners.postal.emulator.faults import FOUND_BY, Fault
from partners.postal.kit.outcome import CHECKS
from partners.postal.kit.verdicts import Result
from tests.partners.conftest import examined

# What else a fault breaks: a system that redirects accepts nothing at all.
NOTHING_IS_ACCEPTED = {
    *("good-signature-is-accepted", "second-signature-is-accepted", "later-signature-is-passed-over"),
    *("unknown-type-is-accepted", "unknown-thing-is-accepted", "unknown-fields-are-accepted"),
}
ALSO: dict[Fault, set[str]] = {
    Fault.ACCEPTS_FORGED: {
        "changed-body-is-refused",
        "old-timestamp-is-refused",
        "future-timestamp-is-refused",
    },
    Fault.ACCEPTS_OLD: {"future-timestamp-is-refused"},
    Fault.REDIRECTS: NOTHING_IS_ACCEPTED,
    Fault.ANSWERS_GONE: {"unknown-thing-is-accepted"},
    Fault.READS_FIRST_SIGNATURE: {"later-signature-is-passed-over"},
    Fault.INVENTS_ITEM_NUMBERS: {"item-number-is-the-visits-own"},
    Fault.REUSES_ITEM_NUMBERS: {"item-number-is-the-visits-own", "used-item-number-is-refused"},
    # What came late was a duplicate of what the feed had told.
    Fault.ACTS_ON_DUPLICATES: {"late-event-changes-nothing"},
}


async def test_a_sound_system_passes_every_check() -> None:
    outcome = await examined(None, patience_s=30)

    assert outcome.named(Result.FAIL) == []
    assert outcome.named(Result.SKIPPED) == []
    assert outcome.ok


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_faulty_system_fails_the_check_that_names_its_fault(fault: Fault) -> None:
    outcome = await examined(fault)

    assert set(outcome.named(Result.FAIL)) == {FOUND_BY[fault]} | ALSO.get(fault, set())
    assert not outcome.ok


def test_there_are_twenty_faults_and_more_each_with_a_check_of_its_own() -> None:
    assert len(FOUND_BY) >= 21
    assert set(FOUND_BY) == set(Fault)
    assert set(FOUND_BY.values()) <= {check.name for check in CHECKS}
    assert len(set(FOUND_BY.values())) == len(FOUND_BY)
    assert len({check.name for check in CHECKS}) == len(CHECKS)
