"""Pages say everything in both languages, escape what people typed, and refuse forgotten names."""

import re
from datetime import UTC, date, datetime

import pytest
from jinja2 import UndefinedError

from app.pages.i18n import LANGUAGE_NAMES, Formats, with_language
from app.pages.templates import TEMPLATES, render
from tests.pages.samples import PAGE, Case
from tests.pages.staff_samples import cases

CASES = cases()
LANGUAGES = tuple(LANGUAGE_NAMES)
EVERY_STATE = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.template}-{case.state}")


@EVERY_STATE
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_can_be_shown_in_every_state_and_language(case: Case, language: str) -> None:
    text = render(case.template, language=language, context=case.context)

    if not case.template.rpartition("/")[2].startswith("_"):
        # The API reference is in English only, as its identifiers are.
        assert f'<html lang="{"en" if case.template == "docs.html" else language}"' in text
        assert text.count("<h1") == 1
    assert "None" not in text


@EVERY_STATE
def test_a_form_that_posts_carries_the_token_against_forgery(case: Case) -> None:
    text = render(case.template, language="vi", context=case.context)

    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, re.DOTALL):
        assert 'name="_csrf_token" value="a-token"' in form


@EVERY_STATE
def test_no_page_holds_a_script_or_a_style_of_its_own(case: Case) -> None:
    text = render(case.template, language="vi", context=case.context)

    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:|hx-on", text)


@EVERY_STATE
def test_no_name_stands_twice_in_a_page(case: Case) -> None:
    text = render(case.template, language="vi", context=case.context)

    ids = re.findall(r"\sid=\"([^\"]+)\"", text)
    assert len(ids) == len(set(ids))


def test_every_page_has_samples() -> None:
    pages = {
        path.relative_to(TEMPLATES).as_posix()
        for path in TEMPLATES.rglob("*.html")
        if path.parent.name not in {"layouts", "macros"}
    }

    assert pages == {case.template for case in CASES}


def test_what_somebody_typed_stays_text() -> None:
    case = next(
        each for each in CASES if each.template == "booking/procedure.html" and each.state == "empty"
    )

    text = render(case.template, language="vi", context=case.context)

    assert "xyz &lt;b&gt;" in text
    assert "xyz <b>" not in text


def test_a_forgotten_name_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="back_url"):
        render("booking/contact.html", language="vi", context={**PAGE, "errors": []})


def test_dates_times_and_money_are_written_as_the_reader_writes_them() -> None:
    moment = datetime(2026, 11, 25, 1, 15, tzinfo=UTC)

    assert Formats("vi").moment(moment) == "Thứ Tư, 25/11/2026 08:15"
    assert Formats("en").moment(moment) == "Wednesday 25 November 2026 08:15"
    assert Formats("vi").short_day(date(2026, 11, 29)) == "Chủ Nhật 29/11"
    assert Formats("vi").money(20000) == "20.000 đồng"
    assert Formats("en").money(20000) == "VND 20,000"


def test_a_moment_without_a_zone_is_not_shown() -> None:
    with pytest.raises(ValueError, match="zone"):
        Formats("vi").clock(datetime(2026, 11, 25, 8, 15))  # noqa: DTZ001 - what is refused


def test_changing_the_language_keeps_the_page_and_what_was_searched() -> None:
    assert with_language("/booking?q=khai+sinh&lang=vi", "en") == "/booking?q=khai+sinh&lang=en"
    assert with_language("/booking", "vi") == "/booking?lang=vi"
