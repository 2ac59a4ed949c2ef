"""The file itself: an .xlsx workbook with the sheets `procedures` and `papers`."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.styles import Font
from openpyxl.utils.exceptions import InvalidFileException

from app.procedures.errors import CatalogueFileNotValid
from app.procedures.importing.columns import COLUMNS, PAPERS, VERSIONS
from app.procedures.importing.rows import Line

MOST_ROWS: Final = 20_000
MOST_UNPACKED: Final = 200 * 1024 * 1024
AS_TEXT: Final = "@"
WIDTH: Final = 22
NOTES: Final = "notes"


def read(path: Path) -> Mapping[str, Sequence[Line]]:
    """The rows of both sheets that hold anything; raises `CatalogueFileNotValid`."""
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
        if unpacked > MOST_UNPACKED:
            raise CatalogueFileNotValid(reason="it unpacks to more than 200 MB")
        book: Any = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError) as reason:
        raise CatalogueFileNotValid(reason="it is no .xlsx workbook") from reason
    try:
        return {name: list(_lines(book, name)) for name in COLUMNS}
    except (zipfile.BadZipFile, ParseError, KeyError, ValueError) as reason:
        raise CatalogueFileNotValid(reason="its sheets cannot be read") from reason
    finally:
        book.close()


def _lines(book: Any, name: str) -> Iterator[Line]:
    if name not in book.sheetnames:
        raise CatalogueFileNotValid(reason=f"there is no sheet {name}")
    rows = book[name].iter_rows(values_only=True)
    header = ["" if cell is None else str(cell).strip() for cell in next(rows, ())]
    wanted = [column.name for column in COLUMNS[name]]
    if sorted(filter(None, header)) != sorted(wanted):
        wrong = ", ".join(sorted(set(wanted) ^ set(filter(None, header)))) or "one of them twice"
        raise CatalogueFileNotValid(reason=f"the first row of {name} is not its columns: {wrong}")
    for number, cells in enumerate(rows, 2):
        if number > MOST_ROWS:
            raise CatalogueFileNotValid(reason=f"{name} has more than {MOST_ROWS} rows")
        if any(cell is not None for cell in cells):
            filled = [*cells, *([None] * len(header))]
            yield Line(number, dict(zip(header, filled, strict=False)))


def write_example(path: Path, *, today: date) -> None:
    """A file that can be taken as it is: a procedure of today, and its code and agency changing."""
    book: Any = openpyxl.Workbook()
    book.remove(book.active)
    change = today + timedelta(days=(7 - today.weekday()))
    for name, rows in _example(today, change).items():
        sheet = book.create_sheet(name)
        columns = COLUMNS[name]
        sheet.append([column.name for column in columns])
        for row in rows:
            sheet.append([row.get(column.name) for column in columns])
        for place, column in enumerate(columns, 1):
            letter = openpyxl.utils.get_column_letter(place)
            sheet.column_dimensions[letter].width = WIDTH
            sheet.cell(1, place).font = Font(bold=True)
            if column.name in {"code", "replaces", "procedure"}:
                for cell in sheet[letter]:
                    cell.number_format = AS_TEXT
        sheet.freeze_panes = "B2"
    notes = book.create_sheet(NOTES)
    notes.append(["sheet", "column", "bắt buộc / required", "tiếng Việt", "English"])
    for name, columns in COLUMNS.items():
        for column in columns:
            notes.append([name, column.name, "x" if column.required else None, *column.words])
    book.save(path)


def _example(today: date, change: date) -> dict[str, list[dict[str, Any]]]:
    version = {
        "code": "9.000901.H42",
        "valid_from": today,
        "decision": "Quyết định mẫu",
        "name_vi": "Cấp giấy xác nhận mẫu",
        "name_en": "Sample certificate",
        "sector": "ho_tich",
        "level": "province",
        "agency_vi": "Sở Tư pháp",
        "agency_en": "Department of Justice",
        "receive_anywhere": True,
        "site_inspection": False,
        "presence": "none",
        "postal_intake": True,
        "postal_return": True,
        "processing_value": 10,
        "processing_unit": "working_day",
        "fee_vnd": 200_000,
        "fee_vi": "200.000 đồng",
        "fee_en": "200,000 đồng",
        "exemptions_vi": "Trẻ em, hộ nghèo",
        "exemptions_en": "Children, poor households",
        "p50_minutes": 10,
        "p90_minutes": 18,
        "result_vi": "Giấy xác nhận mẫu",
        "result_en": "Sample certificate",
        "form_schema": '{"type": "object", "properties": {"purpose": {"type": "string"}}}',
    }
    paper = {
        "procedure": "9.000901.H42",
        "valid_from": today,
        "position": 1,
        "name_vi": "Tờ khai",
        "name_en": "Form",
        "kind": "original",
        "originals": 1,
        "copies": 0,
        "bring_vi": "Nộp 01 bản đã điền.",
        "bring_en": "Hand in one, filled in.",
        "optional": False,
    }
    changed = {
        "code": "9.000902.H42",
        "replaces": "9.000901.H42",
        "valid_from": change,
        "agency_vi": "Công an tỉnh",
        "agency_en": "Provincial police",
    }
    moved = {"procedure": "9.000902.H42", "valid_from": change}
    return {VERSIONS: [version, version | changed], PAPERS: [paper, paper | moved]}
