"""Rules of the catalogue: pure, so they are asked about many values."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.procedures import rules
from app.procedures.rules import IntakeMode, Presence

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
presences = st.sampled_from(list(Presence))
minutes = st.integers(1, 600)


@given(presence=presences, postal=st.booleans(), since=st.none() | days, on=days)
def test_papers_are_taken_at_home_only_where_paper_is_taken_and_nobody_must_come(
    presence: Presence, postal: bool, since: date | None, on: date
) -> None:
    modes = rules.intake_modes(presence, postal_intake=postal, paperless_from=since, on=on)
    paperless = since is not None and on >= since

    assert (IntakeMode.COUNTER_PAPER in modes) != paperless
    assert (IntakeMode.ASSISTED_ONLINE in modes) == paperless
    if IntakeMode.HOME_PAPER in modes:
        assert postal
        assert not paperless
        assert not rules.presence_required(presence)
    if IntakeMode.HOME_ASSISTED_ONLINE in modes:
        assert paperless
    if rules.presence_required(presence) or not postal:
        assert len(modes) == 1


def test_both_who_marry_must_come_and_an_applicant_may_be_visited() -> None:
    assert rules.presence_required(Presence.BOTH_PARTIES)
    assert rules.presence_required(Presence.APPLICANT_BIOMETRIC)
    assert not rules.presence_required(Presence.APPLICANT)
    assert not rules.presence_required(Presence.NONE)


@given(p50=minutes, grain=st.sampled_from([5, 10]))
def test_grains_hold_the_usual_time_and_stay_between_1_and_24(p50: int, grain: int) -> None:
    grains = rules.grains(p50, grain_minutes=grain)

    assert 1 <= grains <= 24
    if grains < 24:
        assert (grains - 1) * grain < p50 <= grains * grain


@given(p50=minutes, more=st.integers(0, 600))
def test_p80_lies_between_p50_and_p90(p50: int, more: int) -> None:
    assert p50 <= rules.p80_minutes(p50_minutes=p50, p90_minutes=p50 + more) <= p50 + more


def test_a_sector_without_words_keeps_its_code() -> None:
    assert rules.sector_name("ho_tich").en == "Civil status"
    assert rules.sector_name("moi").vi == "moi"
