"""Wordings are versions: a published one stays, and a message says what was in force when it was owed."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import journal
from app.core.database import DB
from app.core.errors import PreconditionFailed
from app.core.later import Later
from app.core.text import LINK
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import tell_beside, tell_person
from notifications.port import Channels
from notifications.segments import cost, room
from notifications.templates import TEMPLATES, Template, in_full
from notifications.wordings import rules, versions
from notifications.wordings.errors import MessageTemplateNotFound, WordingNotValid
from notifications.wordings.names import NAMES
from notifications.wordings.operations import Draft, publish, publish_again, take_over
from notifications.wordings.samples import SAMPLES
from notifications.wordings.saying import template_to_say
from notifications.wordings.versions import Version
from tests.appointments.conftest import (  # noqa: F401 - fixtures
    Place,
    Publish,
    place,
    tomorrow,
)
from tests.appointments.conftest import publish as opened_slots  # noqa: F401 - a fixture
from tests.notifications.conftest import LAN, script, sent_to, until
from tests.notifications.test_letters import channels, server, with_email  # noqa: F401 - fixtures
from tests.notifications.test_listeners import ask_for_code, confirmed, facts

HOSTS = {"motcua.example.vn"}
OTP = TEMPLATES["otp"]
CONFIRMED = TEMPLATES["appointment_confirmed"]
TUAN = uuid.UUID(int=7)
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=list(TEMPLATES))


def new_words(code: str = "otp") -> Draft:
    """Words that differ from the program's and may be published."""
    template = TEMPLATES[code]
    return Draft(template.vi.replace("Motcua: ", "Motcua: kính gửi, "), template.en + " Thank you.")


async def published(draft: Draft, *, now: datetime, code: str = "otp", seen: int = 1) -> Version:
    return await publish(
        code=code, draft=draft, hosts=HOSTS, expected_version=seen, language="en", officer_id=TUAN, now=now
    )


def codes(template: Template, text: str) -> list[str]:
    return [fault.code for fault in rules.faults(template, text, hosts=HOSTS)]


@every_template
def test_the_programs_own_words_may_be_published_and_have_samples_and_a_name(template: Template) -> None:
    assert codes(template, template.vi) == codes(template, template.en) == []
    assert template.longest.keys() <= SAMPLES.keys()
    assert all(NAMES[template.code])


def test_an_editor_is_told_which_characters_make_a_text_dear() -> None:
    shown = rules.looks(OTP, "Motcua: mã [{code}]… [€] é", {})

    assert shown.folded == "Motcua: ma [123456]... [?] e"
    assert [tuple(each) for each in shown.dear] == [("[", 2, 2), ("]", 2, 2), ("…", 3, 1)]
    assert shown.units == len(shown.folded) + 4
    # What it would be if it left as it was typed.
    assert (shown.cost.encoding, shown.marked.encoding) == ("GSM-7", "UCS-2")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a" * 160, 160), ("a" * 161, 306), ("a" * 307, 459), ("ế" * 70, 70), ("ế" * 71, 134)],
)
def test_there_is_room_for_so_many_units(text: str, expected: int) -> None:
    assert room(cost(text)) == expected


@pytest.mark.parametrize(
    ("note", "fault"),
    [
        ("", None),
        ("  ", None),
        ("n" * 200, None),
        ("n" * 201, "note_too_long"),
        ("a\u0007", "forbidden_character"),
    ],
)
def test_a_note_is_one_line_or_nothing(note: str, fault: str | None) -> None:
    assert [each.code for each in rules.note_faults(note)] == ([fault] if fault else [])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty_text"),
        ("Motcua: ma {code}\u200b.", "forbidden_character"),
        ("Motcua: ma {code}.\nHai dong.", "forbidden_character"),
        ("Motcua: {code} " + "x" * rules.LONGEST_TEXT, "text_too_long"),
        ("Mã xác nhận {code}.", "brand_missing"),
        ("Motcua: ma {code} {kode}", "unknown_variable"),
        ("Motcua: ma {code} {code.__class__}", "unknown_variable"),
        ("Motcua: ma {code} {code!r}", "unknown_variable"),
        ("Motcua: ma {code} {code:>900}", "unknown_variable"),
        ("Motcua: ma {code} {}", "unknown_variable"),
        ("Motcua: ma {code} {place}", "variable_of_another_template"),
        ("Motcua: ma {code} {{x}}", "brace"),
        ("Motcua: ma {code", "brace"),
        ("Motcua: xin nhap ma.", "variable_missing"),
        ("Motcua: ma {code} 😀", "not_foldable"),
        ("Motcua: ma {code} 5€", "not_foldable"),
        ("Motcua: ma {code}. https://evil.example/a", "link_not_allowed"),
        ("Motcua: ma {code}. EVIL.COM", "link_not_allowed"),
        ("Motcua: ma {code}. https://motcua.example.vn@evil.example/", "link_not_allowed"),
        ("Motcua: ma {code}. motcua.example.vn.evil.example", "link_not_allowed"),
        ("Motcua: ma {code}. motcua.example.vn,evil.example", "link_not_allowed"),
        # Folding makes a link of it, and so does a value.
        ("Motcua: ma {code}. évil.example", "link_not_allowed"),
        ("Motcua: ma {code}.evil.vn", "link_not_allowed"),
        ("Motcua: ma {code}. motcua.example.vn{code}", "link_not_allowed"),
        ("Motcua: ma {code} " + "x" * 290, "too_many_segments"),
    ],
)
def test_a_wording_is_refused(text: str, fault: str) -> None:
    assert fault in codes(OTP, text)


@pytest.mark.parametrize(
    "text",
    [
        "Motcua: mã {code}. Xem https://motcua.example.vn/t/1.",
        "Motcua: mã {code} (motcua.example.vn)",
        "Motcua: mã {code}, {code}. TS.Nguyễn – “Một cửa”…",
        "Motcua: ma {code} " + "x" * 282,
    ],
)
def test_a_wording_is_taken(text: str) -> None:
    assert codes(OTP, text) == []


def test_a_fault_says_where_it_is_and_of_which_variable_in_both_languages() -> None:
    found = rules.faults(CONFIRMED, "Motcua: 😀 {reference} {time} {number}", hosts=HOSTS)

    told = {(fault.code, fault.at, fault.name) for fault in found}
    assert ("variable_missing", None, "place") in told
    assert ("not_foldable", 8, "") in told
    assert ("variable_of_another_template", 29, "") in told
    assert {fault.words("vi") for fault in found}.isdisjoint(fault.words("en") for fault in found)
    assert all(words.vi and words.en for words in rules.FAULTS.values())


@every_template
@settings(max_examples=20)
@given(value=st.text(min_size=1, max_size=60) | st.sampled_from(["Vào evil.example ngay", "€", "a\nb"]))
def test_what_an_editor_is_shown_is_what_leaves(template: Template, value: str) -> None:
    values = dict.fromkeys(template.longest, value)

    shown = rules.looks(template, template.vi, values)

    assert shown.folded == template.render("vi", values)
    assert shown.rendered == in_full(template, "vi", values)
    assert shown.cost == cost(shown.folded)
    assert shown.longest == template.longest_cost("vi")


def test_a_value_leads_nowhere_on_any_way() -> None:
    values = {"reference": "NB-1", "time": "08:00", "place": "Vào evil.example và https://a.vn/x"}

    for text in (CONFIRMED.render("vi", values), in_full(CONFIRMED, "vi", values)):
        assert not LINK.search(text.removeprefix("Motcua: ").replace("https: ", ""))
        assert "evil. example" in text and "://" not in text
    assert [fault.code for fault in rules.value_faults(CONFIRMED, values)] == ["value_with_link"]


def test_an_editor_is_told_what_happens_to_values() -> None:
    values = {"place": "p" * 61, "time": "😀", "kode": "1", "reference": "NB-7K3Q-92"}

    found = rules.value_faults(CONFIRMED, values)

    assert [(fault.code, fault.name) for fault in found] == [
        ("unknown_value", ""),
        ("value_too_long", "place"),
        ("value_not_plain", "time"),
    ]


async def test_a_publication_is_the_next_version_and_in_the_journal(
    database: object, now: datetime
) -> None:
    draft = new_words()._replace(note="shorter")

    row = await published(draft, now=now)

    own, new = reversed(await versions.history(OTP))
    assert row == new == Version("otp", 2, draft.vi, draft.en, 1, "shorter", now, TUAN)
    assert (own.version, own.vi, own.en, own.published_by) == (1, OTP.vi, OTP.en, None)
    (line,) = await journal.about("otp")
    assert (line.action, line.object_kind, line.at) == (
        "message_template.published",
        "message_template",
        now,
    )
    assert line.detail == {"version": 2, "text_of": None, "program_version": 1}


async def test_an_older_text_is_published_again_as_a_new_version(database: object, now: datetime) -> None:
    await published(new_words(), now=now)

    row = await publish_again(
        code="otp", version=1, note="", hosts=HOSTS, expected_version=2, language="en",
        officer_id=TUAN, now=now,
    )  # fmt: skip

    assert (row.version, row.vi, row.en, row.text_of) == (3, OTP.vi, OTP.en, 1)
    assert [each.version for each in await versions.history(OTP)] == [3, 2, 1]
    with pytest.raises(MessageTemplateNotFound):
        await publish_again(
            code="otp", version=9, note="", hosts=HOSTS, expected_version=3, language="en",
            officer_id=TUAN, now=now,
        )  # fmt: skip


async def test_the_words_in_force_again_change_nothing(database: object, now: datetime) -> None:
    same = await published(Draft(OTP.vi, f"  {OTP.en} "), now=now)

    assert same.version == 1
    assert await journal.about("otp") == []


async def test_nothing_of_a_refused_wording_is_kept(database: object, now: datetime) -> None:
    with pytest.raises(WordingNotValid) as refused:
        await published(Draft("Motcua: {place} 😀 {code}", OTP.en + " {kode}"), now=now)

    assert [(each["pointer"], each["code"]) for each in refused.value.facts["errors"]] == [
        ("/vi", "variable_of_another_template"),
        ("/vi", "not_foldable"),
        ("/en", "unknown_variable"),
    ]
    assert [each.version for each in await versions.history(OTP)] == [1]


async def test_of_eight_who_publish_at_once_one_does(database: object, now: datetime) -> None:
    """All have begun, and looked as far as they may, before any of them can write."""
    assert DB.pool is not None
    pool = DB.pool

    async def all_wait() -> bool:
        return bool(await pool.fetchval(WAITING) >= 8)

    async with pool.acquire() as elsewhere, elsewhere.transaction():
        await elsewhere.execute("LOCK TABLE message_template IN SHARE MODE")
        publishing = asyncio.gather(
            *(published(Draft(OTP.vi, f"{OTP.en} {n}"), now=now) for n in range(8)), return_exceptions=True
        )
        await until(all_wait)
    answers = await publishing

    assert sum(isinstance(answer, Version) for answer in answers) == 1
    assert sum(isinstance(answer, PreconditionFailed) for answer in answers) == 7


async def test_a_message_keeps_the_version_it_was_owed_in(
    database: object,
    channels: Channels,  # noqa: F811
    emulator: TwilioEmulator,
    now: datetime,
) -> None:
    before = await ask_for_code(now)
    await script(emulator, LAN, status=429, times=1)
    with pytest.raises(Later):
        await tell_person(before, channels=channels)
    await published(new_words(), now=now)

    after = await ask_for_code(now + timedelta(minutes=2), phone="+84912345679")
    await the_pause_is_over()
    await tell_person(before, channels=channels)
    await tell_person(after, channels=channels)

    (first,), (second,) = sent_to(emulator, LAN), sent_to(emulator, "+84912345679")
    assert first.startswith("Motcua: ma xac nhan")
    assert second.startswith("Motcua: kinh gui, ma xac nhan")
    assert await owed_versions() == [(LAN, 1), ("+84912345679", 2)]


async def the_pause_is_over() -> None:
    assert DB.pool is not None
    await DB.pool.execute("UPDATE message SET retry_at = NULL")


async def owed_versions() -> list[tuple[str, int]]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT phone, template_version FROM message ORDER BY created_at, phone")
    return [(row["phone"], row["template_version"]) for row in rows]


async def test_the_letter_beside_an_sms_says_the_same_words_when_others_are_published_between(
    channels: Channels,  # noqa: F811
    server: Any,  # noqa: F811
    emulator: TwilioEmulator,
    place: Place,  # noqa: F811
    opened_slots: Publish,  # noqa: F811
    now: datetime,
) -> None:
    await opened_slots()
    await with_email(now)
    await confirmed(place, now)
    (made,) = await facts("appointment.confirmed")
    await tell_person(made, channels=channels)
    await published(new_words("appointment_confirmed"), now=now, code="appointment_confirmed")

    await tell_beside(made, channels=channels)

    assert [version for _, version in await owed_versions()] == [1, 1]
    body = server.letters[0].mail.get_body(("plain",)).get_content()
    assert "kính gửi" not in body and "đã đặt lịch" in body
    words = await template_to_say("appointment_confirmed", told_before=(), now=now)
    assert words.version == 2


async def test_a_program_with_other_variables_says_its_own_words_as_a_new_version(
    database: object, now: datetime
) -> None:
    await published(new_words(), now=now)
    assert DB.pool is not None
    # As if a program of before had published them.
    await DB.pool.execute(
        "BEGIN; SET LOCAL session_replication_role = replica;"
        "UPDATE message_template SET program_version = 0; COMMIT"
    )

    first = await template_to_say("otp", told_before=(), now=now)
    again = await take_over(code="otp", now=now)

    assert (first.version, first.vi) == (again.version, again.vi) == (3, OTP.vi)
    assert [line.action for line in await journal.about("otp")] == [
        "message_template.published",
        "message_template.taken_over",
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE message_template SET vi = 'other'",
        "DELETE FROM message_template",
        "TRUNCATE message_template",
    ],
)
async def test_nobody_changes_a_published_wording(database: object, now: datetime, change: str) -> None:
    await published(new_words(), now=now)
    assert DB.pool is not None

    with pytest.raises(asyncpg.RaiseError, match="stays as it is"):
        await DB.pool.execute(change)

    assert await DB.pool.fetchval("SELECT count(*) FROM message_template WHERE vi <> 'other'") == 2
