"""What is said: short, plain, and nothing about anybody."""

import string
import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.links import tracking_token
from app.core.references import new_reference
from app.core.text import without_diacritics
from app.sample import files
from app.settings import PUBLIC_URL_LENGTH
from notifications.listeners import MESSAGES
from notifications.segments import BASIC, EXTENDED, cost
from notifications.templates import TEMPLATES, Category, Template

MOST_SEGMENTS = 2
# Codes, numbers, times and places; never who it is about or what for.
MAY_BE_SAID = {
    "code",
    "reference",
    "time",
    "place",
    "number",
    "counter",
    "until",
    "window",
    "courier",
    "seal",
    "link",
    "state",
    "postage",
    "amount",
    "purse",
    "receipt",
    # Of several dossiers: how many, and the number of each under what happened to it.
    "count",
    "items",
}

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=list(TEMPLATES))
every_locale = pytest.mark.parametrize("locale", ["vi", "en"])


@every_locale
@every_template
def test_the_longest_message_of_a_template_fits(template: Template, locale: str) -> None:
    longest = template.longest_cost(locale)

    assert longest.encoding == "GSM-7"
    assert longest.segments <= MOST_SEGMENTS


@pytest.mark.parametrize("code", ["otp", "ticket_called", "return_agreed", "survey_invitation"])
@every_locale
def test_what_somebody_waits_for_fits_one_segment(code: str, locale: str) -> None:
    assert TEMPLATES[code].longest_cost(locale).segments == 1


@every_template
def test_both_languages_say_the_registered_variables_and_no_other(template: Template) -> None:
    for text in (template.vi, template.en):
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name}

        assert named == set(template.longest)
        assert named <= MAY_BE_SAID


@every_template
def test_the_fixed_words_have_a_plain_letter_for_every_marked_one(template: Template) -> None:
    for text in (template.vi, template.en):
        assert set(without_diacritics(text)) <= BASIC | EXTENDED


@every_template
def test_the_brand_opens_every_message(template: Template) -> None:
    assert template.vi.startswith("Motcua: ")
    assert template.en.startswith("Motcua: ")


@every_template
def test_the_same_text_leaves_whatever_form_its_marks_have(template: Template) -> None:
    place = "Trung tâm Phục vụ hành chính công Định Hoá"
    values = dict.fromkeys(template.longest, place)
    decomposed = {name: unicodedata.normalize("NFD", value) for name, value in values.items()}

    assert template.render("vi", values) == template.render("vi", decomposed)


@every_template
@given(value=st.text(min_size=1, max_size=80) | st.sampled_from(["…" * 40, "€" * 40, "中" * 40, "😀" * 40]))
def test_no_value_makes_a_message_dearer_than_was_registered(template: Template, value: str) -> None:
    body = template.render("vi", dict.fromkeys(template.longest, value))

    assert cost(body).encoding == "GSM-7"
    assert cost(body).segments <= MOST_SEGMENTS


def test_a_reference_fits_where_one_is_said() -> None:
    said = [t.longest["reference"] for t in TEMPLATES.values() if "reference" in t.longest]

    assert min(said) >= len(new_reference())


@every_locale
def test_a_place_is_named_to_its_end(locale: str) -> None:
    """Cut short, every centre would be called "Trung tâm Phục vụ hành chính công phường"."""
    said = [t.longest["place"] for t in TEMPLATES.values() if "place" in t.longest]
    names = [getattr(centre, f"name_{locale}") for centre in files.centres().centres]

    assert min(said) >= max(len(name) for name in names)


def test_a_code_is_never_sent_twice_after_an_unknown_call() -> None:
    codes = [t for t in TEMPLATES.values() if t.category is Category.OTP]

    assert codes
    assert {t.resend_after_unknown for t in codes} == {0}


def test_no_template_may_be_sent_again_more_than_twice_after_unknown_calls() -> None:
    assert max(t.resend_after_unknown for t in TEMPLATES.values()) <= 2


def test_every_fact_with_a_message_is_named_once() -> None:
    kinds = [fact.kind for fact in MESSAGES]

    assert len(set(kinds)) == len(kinds)
    assert {"otp.requested", "appointment.confirmed", "ticket.called"} <= set(kinds)


def test_a_link_is_never_cut(opened: object) -> None:
    """Cut by one character, it would lead nowhere."""
    longest = "h" * PUBLIC_URL_LENGTH + "/survey/" + tracking_token("dossier", uuid.uuid4())

    for locale in ("vi", "en"):
        assert TEMPLATES["survey_invitation"].render(locale, {"link": longest}).endswith(longest)


def test_the_link_to_follow_a_ticket_is_never_cut(opened: object) -> None:
    longest = "h" * PUBLIC_URL_LENGTH + "/t/" + tracking_token("ticket", uuid.uuid4())
    values = {"number": "A999", "time": "10:40", "link": longest}

    for locale in ("vi", "en"):
        assert TEMPLATES["return_agreed"].render(locale, values).endswith(longest)
