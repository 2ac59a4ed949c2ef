"""The columns of the file, and what a cell of each may hold."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from app.core.errors import Words
from app.core.text import InvalidText, clean_text
from app.procedures import rules
from app.procedures.importing.reasons import Reason

Parse = Callable[[Any], Any]
YES: Final = frozenset({"x", "có", "co", "yes", "true", "1"})
NO: Final = frozenset({"không", "khong", "no", "false", "0"})
YEARS: Final = range(2000, 2101)


class NotTaken(Exception):
    """What is wrong with a cell."""

    def __init__(self, reason: Reason, **facts: Any) -> None:
        super().__init__(reason)
        self.reason, self.facts = reason, facts


class Column(NamedTuple):
    """One column; `required` unless an empty cell has a meaning, which is then `empty`."""

    name: str
    parse: Parse
    words: Words
    required: bool = True
    empty: Any = None

    def read(self, cell: Any) -> Any:
        """The value of a cell; raises `NotTaken`."""
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if self.required:
                raise NotTaken(Reason.MISSING)
            return self.empty
        return self.parse(cell)


def text(most: int) -> Parse:
    def parse(cell: Any) -> str:
        if not isinstance(cell, str):
            raise NotTaken(Reason.NOT_TEXT)
        try:
            return clean_text(" ".join(cell.split()), max_length=most)
        except InvalidText as wrong:
            if wrong.code == "text_too_long":
                raise NotTaken(Reason.TOO_LONG, most=most) from None
            raise NotTaken(Reason.FORBIDDEN_CHARACTER) from None

    return parse


def code(cell: Any) -> str:
    if isinstance(cell, int | float):
        raise NotTaken(Reason.CODE_IS_A_NUMBER)
    found = str(text(60)(cell))
    if not rules.CODE.fullmatch(found):
        raise NotTaken(Reason.CODE_NOT_VALID)
    return found


def one_of(*allowed: str) -> Parse:
    def parse(cell: Any) -> str:
        if cell not in allowed:
            raise NotTaken(Reason.NOT_ALLOWED, allowed=", ".join(allowed))
        return str(cell)

    return parse


def whole(least: int, most: int) -> Parse:
    def parse(cell: Any) -> int:
        if isinstance(cell, bool) or not isinstance(cell, int | float) or cell != cell // 1:
            raise NotTaken(Reason.NOT_A_NUMBER)
        if not least <= cell <= most:
            raise NotTaken(Reason.OUT_OF_RANGE, least=least, most=most)
        return int(cell)

    return parse


def day(cell: Any) -> date:
    found = cell.date() if isinstance(cell, datetime) else cell
    if isinstance(found, str):
        try:
            found = date.fromisoformat(found.strip())
        except ValueError:
            raise NotTaken(Reason.NOT_A_DATE) from None
    if not isinstance(found, date) or found.year not in YEARS:
        raise NotTaken(Reason.NOT_A_DATE)
    return found


def yes_or_no(cell: Any) -> bool:
    word = str(cell).strip().casefold()
    if word not in YES | NO:
        raise NotTaken(Reason.NOT_YES_OR_NO)
    return word in YES


def schema(cell: Any) -> dict[str, Any]:
    """A JSON Schema that describes an object: what a form becomes when it is filled in."""
    try:
        found = json.loads(cell)
    except (TypeError, ValueError, RecursionError):
        raise NotTaken(Reason.NOT_A_SCHEMA) from None
    if not isinstance(found, dict) or found.get("type") != "object":
        raise NotTaken(Reason.NOT_A_SCHEMA)
    if not isinstance(found.get("properties", {}), dict) or "\x00" in json.dumps(found, ensure_ascii=False):
        raise NotTaken(Reason.NOT_A_SCHEMA)
    return found


def _needed(name: str, parse: Parse, vi: str, en: str) -> Column:
    return Column(name, parse, Words(vi, en))


def _may_be_empty(name: str, parse: Parse, vi: str, en: str, *, empty: Any = None) -> Column:
    return Column(name, parse, Words(vi, en), required=False, empty=empty)


VERSIONS: Final = "procedures"
PAPERS: Final = "papers"
LEVELS: Final = ("province", "district", "commune")
UNITS: Final = ("working_day", "calendar_day", "hour")
KINDS: Final = ("original", "copy", "certified", "presented", "data")

COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    VERSIONS: (
        _needed("code", code, "Mã thủ tục, dạng văn bản", "The procedure's code, as text"),
        _may_be_empty("replaces", code, "Mã cũ mà mã này thay", "The code of before, when it changes"),
        _needed("valid_from", day, "Ngày đầu có hiệu lực", "First day"),
        _may_be_empty("valid_to", day, "Ngày cuối, khi bãi bỏ", "Last day, when it is abolished"),
        _needed("decision", text(200), "Văn bản công bố", "The decision it stands on"),
        _needed("name_vi", text(500), "Tên thủ tục", "Name in Vietnamese"),
        _needed("name_en", text(500), "Tên tiếng Anh", "Name in English"),
        _needed("sector", one_of(*rules.SECTORS), "Lĩnh vực", "Sector"),
        _needed("level", one_of(*LEVELS), "Cấp giải quyết", "Tier that decides"),
        _may_be_empty("agency_vi", text(200), "Cơ quan giải quyết", "Agency, in Vietnamese", empty=""),
        _may_be_empty("agency_en", text(200), "Cơ quan, tiếng Anh", "Agency, in English", empty=""),
        _needed("receive_anywhere", yes_or_no, "Nhận ở bất kỳ trung tâm nào", "Taken at any centre"),
        _needed("site_inspection", yes_or_no, "Có kiểm tra thực địa", "Needs a look at the place"),
        _needed("presence", one_of(*rules.Presence), "Ai phải có mặt", "Who must be present"),
        _may_be_empty("paperless_from", day, "Không nhận giấy từ ngày", "No paper from this day on"),
        _needed("postal_intake", yes_or_no, "Bưu điện nhận hồ sơ", "The post collects"),
        _needed("postal_return", yes_or_no, "Bưu điện trả kết quả", "The post delivers"),
        _needed("processing_value", whole(1, 1000), "Thời hạn", "Time limit"),
        _needed("processing_unit", one_of(*UNITS), "Đơn vị thời hạn", "Unit of the time limit"),
        _may_be_empty(
            "processing_verified", yes_or_no, "Thời hạn đã kiểm", "Time limit checked", empty=False
        ),
        _may_be_empty("fee_vnd", whole(0, 2_000_000_000), "Phí, đồng", "Fee in đồng"),
        _needed("fee_vi", text(500), "Nói về phí", "The fee in words, Vietnamese"),
        _needed("fee_en", text(500), "Nói về phí, tiếng Anh", "The fee in words, English"),
        _needed("exemptions_vi", text(1000), "Ai được miễn", "Who is exempt, Vietnamese"),
        _needed("exemptions_en", text(1000), "Ai được miễn, tiếng Anh", "Who is exempt, English"),
        _may_be_empty("fee_verified", yes_or_no, "Phí đã kiểm", "Fee checked", empty=False),
        _needed("p50_minutes", whole(1, 480), "Phút tại quầy, thường", "Minutes at a counter, usually"),
        _needed("p90_minutes", whole(1, 480), "Phút tại quầy, lâu", "Minutes at a counter, one in ten"),
        _needed("result_vi", text(300), "Kết quả", "Result, Vietnamese"),
        _needed("result_en", text(300), "Kết quả, tiếng Anh", "Result, English"),
        _may_be_empty("result_code", text(40), "Mã kết quả (KQ.G15.000031)", "Code of the result"),
        _may_be_empty("form_schema", schema, "Biểu mẫu (JSON Schema)", "Form (JSON Schema)"),
    ),
    PAPERS: (
        _needed("procedure", code, "Mã thủ tục ở trang procedures", "Code in the sheet procedures"),
        _needed("valid_from", day, "Ngày đầu của bản đó", "First day of that version"),
        _needed("position", whole(1, 50), "Thứ tự", "Place in the list"),
        _may_be_empty("code", text(40), "Mã thành phần hồ sơ", "Code of the paper"),
        _needed("name_vi", text(500), "Tên giấy tờ", "Name in Vietnamese"),
        _needed("name_en", text(500), "Tên tiếng Anh", "Name in English"),
        _needed("kind", one_of(*KINDS), "Loại bản", "What is handed in"),
        _needed("originals", whole(0, 100), "Số bản chính", "Originals"),
        _needed("copies", whole(0, 100), "Số bản sao", "Copies"),
        _needed("bring_vi", text(500), "Cần mang gì", "What to bring, Vietnamese"),
        _needed("bring_en", text(500), "Cần mang gì, tiếng Anh", "What to bring, English"),
        _needed("optional", yes_or_no, "Không bắt buộc", "Optional"),
        _may_be_empty("reusable_from", text(40), "Kho có thể lấy lại", "Store it may be taken from"),
        _may_be_empty(
            "replaced_by", text(40), "Mã kết quả thay thế", "Code of the result that replaces it"
        ),
        _may_be_empty("digitise_class", whole(1, 5), "Nhóm số hóa", "Digitisation class"),
    ),
}
