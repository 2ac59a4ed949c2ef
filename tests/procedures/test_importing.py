"""The catalogue from a spreadsheet: what would change, what is refused, and that twice is once."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from app.core.clock import local_date
from app.core.database import DB, fetch
from app.procedures import queries
from app.procedures.commands import import_command
from app.procedures.errors import CatalogueFileNotValid
from app.procedures.importing import sheet
from app.procedures.importing.apply import import_file
from app.procedures.importing.columns import PAPERS, VERSIONS
from app.procedures.importing.plan import Plan
from app.procedures.importing.reasons import WORDS, Reason
from tests import remembered

OLD, NEW = "9.000901.H42", "9.000902.H42"
Change = Callable[[Any, dict[str, int]], None]

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def today(now: datetime) -> date:
    return local_date(now)


@pytest.fixture
def example(tmp_path: Path, today: date) -> Path:
    path = tmp_path / "catalogue.xlsx"
    sheet.write_example(path, today=today)
    return path


def written(path: Path, name: str, **cells: Any) -> None:
    """Put cells into the last row of a sheet."""
    book = openpyxl.load_workbook(path)
    last = book[name].max_row
    columns = {cell.value: cell.column for cell in book[name][1]}
    for column, value in cells.items():
        book[name].cell(last, columns[column]).value = value
    book.save(path)


def added(path: Path, name: str, **cells: Any) -> None:
    """Repeat the last row with some cells changed."""
    book = openpyxl.load_workbook(path)
    book[name].append([cell.value for cell in book[name][book[name].max_row]])
    book.save(path)
    written(path, name, **cells)


def refusals(plan: Plan) -> list[tuple[str, int, str, str]]:
    return [(each.sheet, each.row, each.column, each.reason.value) for each in plan.refused]


async def test_looking_changes_nothing_and_applying_twice_changes_once(
    example: Path, now: datetime, today: date
) -> None:
    looked = await import_file(example, apply=False, now=now)
    assert await fetch("SELECT 1 FROM procedure") == []

    first = await import_file(example, apply=True, now=now)
    second = await import_file(example, apply=True, now=now)

    assert [v.code for v in looked.added] == [v.code for v in first.added] == [OLD, NEW]
    assert refusals(looked) == refusals(first) == refusals(second) == []
    assert (second.added, second.replaced, second.ended, second.unchanged) == ([], [], [], 2)
    assert len(await fetch("SELECT 1 FROM journal WHERE action = 'procedures.imported'")) == 1
    assert await fetch("SELECT 1 FROM procedure_paper") != []


async def test_a_code_and_an_agency_change_next_monday(example: Path, now: datetime, today: date) -> None:
    await import_file(example, apply=True, now=now)
    monday = today + timedelta(days=7 - today.weekday())

    before = await queries.by_code(OLD, on=monday - timedelta(days=1))
    after = await queries.by_code(OLD, on=monday)

    assert monday.isoweekday() == 1
    assert before is not None and after is not None
    assert (before.code, before.agency_vi, before.valid_to) == (
        OLD,
        "Sở Tư pháp",
        monday - timedelta(days=1),
    )
    assert (after.code, after.agency_vi, after.key) == (NEW, "Công an tỉnh", before.key)
    assert after.form_schema == {"type": "object", "properties": {"purpose": {"type": "string"}}}
    assert [paper.name_vi for paper in after.papers] == ["Tờ khai"]


async def test_what_a_centre_offers_goes_with_the_code(example: Path, now: datetime, today: date) -> None:
    """Offers and pools made under the code of before serve the code of after, with their own times."""
    await remembered.catalogue(now)
    [centre, *_] = await queries.centres_offering("1.001193", on=today)
    monday = today + timedelta(days=7 - today.weekday())
    offer = (await queries.offers(centre, ["1.001193"], on=today))["1.001193"]
    pools = await queries.pools_serving(centre, ["1.001193"])
    written(example, VERSIONS, code="1.777777", replaces="1.001193")
    written(example, PAPERS, procedure="1.777777")

    plan = await import_file(example, apply=True, now=now)

    assert plan.called_otherwise == [("1.001193", "1.777777", monday)]
    assert (await queries.offers(centre, ["1.777777"], on=monday))["1.777777"] == offer
    assert (await queries.offers(centre, ["1.001193"], on=monday))["1.001193"] == offer
    assert await queries.pools_serving(centre, ["1.777777"]) == pools
    assert "1.777777" not in await queries.offered_by(centre, on=monday - timedelta(days=1))
    assert "1.001193" not in await queries.offered_by(centre, on=monday)


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"name_vi": None}, "name_vi", "missing"),
        ({"name_vi": 12}, "name_vi", "not_text"),
        ({"name_vi": "x" * 501}, "name_vi", "too_long"),
        ({"name_en": "a\u202eb"}, "name_en", "forbidden_character"),
        ({"code": 2.0002}, "code", "code_is_a_number"),
        ({"code": "khai sinh"}, "code", "code_not_valid"),
        ({"sector": "hộ tịch"}, "sector", "not_allowed"),
        ({"processing_value": "mười"}, "processing_value", "not_a_number"),
        ({"processing_value": 1.5}, "processing_value", "not_a_number"),
        ({"processing_value": 0}, "processing_value", "out_of_range"),
        ({"valid_from": "thứ hai"}, "valid_from", "not_a_date"),
        ({"valid_from": date(1999, 12, 31)}, "valid_from", "not_a_date"),
        ({"postal_intake": "có thể"}, "postal_intake", "not_yes_or_no"),
        ({"form_schema": "{"}, "form_schema", "not_a_schema"),
        ({"form_schema": '{"type": "array"}'}, "form_schema", "not_a_schema"),
        ({"p50_minutes": 20}, "p90_minutes", "p90_below_p50"),
        ({"valid_to": date(2026, 1, 1)}, "valid_to", "ends_before_it_begins"),
        ({"replaces": "8.123456"}, "replaces", "replaces_not_known"),
        ({"replaces": None, "code": OLD, "valid_from": None}, "valid_from", "missing"),
    ],
)
async def test_a_row_is_refused_by_its_cell_and_the_others_are_taken(
    example: Path, now: datetime, cells: dict[str, Any], column: str, reason: str
) -> None:
    written(example, VERSIONS, **cells)

    plan = await import_file(example, apply=True, now=now)

    assert [each for each in refusals(plan) if each[0] == VERSIONS] == [(VERSIONS, 3, column, reason)]
    assert [version.code for version in plan.added] == [OLD]
    assert await fetch("SELECT code FROM procedure") == [(OLD,)]
    told = plan.as_dict()["refused"][-1]
    assert told["vi"] != told["en"]
    assert "{" not in told["vi"] + told["en"] or reason == "not_a_schema"


async def test_a_version_goes_with_its_papers_or_not_at_all(example: Path, now: datetime) -> None:
    written(example, PAPERS, kind="bản chính")

    plan = await import_file(example, apply=True, now=now)

    assert refusals(plan) == [
        (PAPERS, 3, "kind", "not_allowed"),
        (VERSIONS, 3, "code", "paper_refused"),
    ]
    assert [version.code for version in plan.added] == [OLD]


async def test_rows_of_one_place_are_refused_the_second_time(example: Path, now: datetime) -> None:
    added(example, VERSIONS)
    added(example, PAPERS)
    added(example, PAPERS, procedure="1.234567")

    plan = await import_file(example, apply=False, now=now)

    assert (VERSIONS, 4, "code", "twice_in_file") in refusals(plan)
    assert (PAPERS, 4, "position", "twice_in_file") in refusals(plan)
    assert (PAPERS, 5, "procedure", "no_such_version_in_file") in refusals(plan)


async def test_a_version_that_has_begun_keeps_what_it_says(
    example: Path, now: datetime, today: date
) -> None:
    await import_file(example, apply=True, now=now)
    book = openpyxl.load_workbook(example)
    columns = {cell.value: cell.column for cell in book[VERSIONS][1]}
    book[VERSIONS].cell(2, columns["fee_vnd"], value=1)
    book[VERSIONS].cell(3, columns["fee_vnd"], value=2)
    book.save(example)

    plan = await import_file(example, apply=True, now=now)

    assert refusals(plan) == [(VERSIONS, 2, "fee_vnd", "version_already_begun")]
    assert [(version.code, version.values["fee_vnd"]) for version in plan.replaced] == [(NEW, 2)]
    rows = await fetch("SELECT fee_vnd FROM procedure ORDER BY valid_from")
    assert [row["fee_vnd"] for row in rows] == [200_000, 2]


@pytest.mark.parametrize(
    ("after", "reason"),
    [(0, None), (1, "valid_from_not_in_the_future"), (30, "valid_from_not_in_the_future")],
)
async def test_no_version_is_ended_in_the_past(
    example: Path, now: datetime, today: date, after: int, reason: str | None
) -> None:
    """The same file read later: what it says of days that have come is either there or too late."""
    book = openpyxl.load_workbook(example)
    book[VERSIONS].delete_rows(3)
    book[PAPERS].delete_rows(3)
    book.save(example)
    await import_file(example, apply=True, now=now)
    sheet.write_example(example, today=today)
    monday = today + timedelta(days=7 - today.weekday())
    written(example, VERSIONS, valid_from=monday)
    later = now + timedelta(days=after * 7)
    plan = await import_file(example, apply=True, now=later)

    assert [each.reason.value for each in plan.refused] == ([] if reason is None else [reason])
    standing = await queries.by_code(OLD, on=monday + timedelta(days=90))
    assert standing is not None
    assert standing.code == (NEW if reason is None else OLD)


async def test_a_procedure_is_abolished_from_a_day_on_and_offered_nowhere(
    example: Path, now: datetime, today: date
) -> None:
    await import_file(example, apply=True, now=now)
    monday = today + timedelta(days=7 - today.weekday())
    last = monday + timedelta(days=20)
    written(example, VERSIONS, valid_to=last)

    plan = await import_file(example, apply=True, now=now)
    again = await import_file(example, apply=True, now=now)
    late = await import_file(example, apply=True, now=now + timedelta(days=60))
    written(example, VERSIONS, valid_to=last + timedelta(days=1))
    reopened = await import_file(example, apply=True, now=now + timedelta(days=60))

    assert [(version.code, version.valid_to) for version in plan.ended] == [(NEW, last)]
    assert again.ended == late.ended == []
    assert refusals(reopened) == [(VERSIONS, 3, "valid_to", "version_already_ended")]
    assert await queries.by_code(NEW, on=last) is not None
    assert await queries.by_code(NEW, on=last + timedelta(days=1)) is None


async def test_a_code_cannot_be_taken_or_slip_back(example: Path, now: datetime, today: date) -> None:
    await import_file(example, apply=True, now=now)
    far = today + timedelta(days=100)
    added(example, VERSIONS, code=OLD, replaces=None, valid_from=far)
    added(example, VERSIONS, code="9.000950.H42", replaces=None, valid_from=far)
    added(example, VERSIONS, code="9.000950.H42", replaces=NEW, valid_from=far + timedelta(days=1))

    plan = await import_file(example, apply=False, now=now)

    assert (VERSIONS, 4, "code", "code_superseded") in refusals(plan)
    assert (VERSIONS, 6, "code", "code_taken") in refusals(plan)


async def test_a_file_that_is_none_is_refused_whole(tmp_path: Path, example: Path, now: datetime) -> None:
    text = tmp_path / "a.xlsx"
    text.write_text("code,name")
    empty = tmp_path / "b.xlsx"
    openpyxl.Workbook().save(empty)
    book = openpyxl.load_workbook(example)
    book[VERSIONS].cell(1, 1, value="mã")
    book.save(example)

    for path in (text, empty, example):
        with pytest.raises(CatalogueFileNotValid):
            await import_file(path, apply=True, now=now)


def test_every_reason_has_words_in_both_languages() -> None:
    assert WORDS.keys() == set(Reason)
    assert all(words.vi and words.en for words in WORDS.values())


async def test_the_command_reports_for_people_and_machines(
    example: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert DB.pool is not None
    plan = await import_file(example, apply=False, now=now)
    command = import_command(lambda _: plan)

    shown = CliRunner().invoke(command, [str(example)])
    told = CliRunner().invoke(command, [str(example), "--json"])
    made = CliRunner().invoke(command, ["--example", str(example.with_name("new.xlsx"))])
    nothing = CliRunner().invoke(command, [])

    assert shown.exit_code == told.exit_code == made.exit_code == 0
    assert f"+ {OLD}" in shown.output
    assert f"{OLD} → {NEW}" in shown.output
    assert json.loads(told.output)["applied"] is False
    assert example.with_name("new.xlsx").exists()
    assert nothing.exit_code == 2
