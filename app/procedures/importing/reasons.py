"""Why a row of a catalogue's file is refused: a stable code, and words for who wrote it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from app.core.errors import Words


class Reason(StrEnum):
    MISSING = "missing"
    NOT_TEXT = "not_text"
    CODE_IS_A_NUMBER = "code_is_a_number"
    TOO_LONG = "too_long"
    FORBIDDEN_CHARACTER = "forbidden_character"
    NOT_ALLOWED = "not_allowed"
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_DATE = "not_a_date"
    NOT_YES_OR_NO = "not_yes_or_no"
    NOT_A_SCHEMA = "not_a_schema"
    CODE_NOT_VALID = "code_not_valid"
    TWICE_IN_FILE = "twice_in_file"
    P90_BELOW_P50 = "p90_below_p50"
    ENDS_BEFORE_IT_BEGINS = "ends_before_it_begins"
    ENDS_IN_THE_PAST = "ends_in_the_past"
    ALREADY_ENDED = "version_already_ended"
    ALREADY_BEGUN = "version_already_begun"
    BEGINS_TOO_SOON = "valid_from_not_in_the_future"
    OVERLAPS_THE_NEXT = "overlaps_the_next"
    REPLACES_NOT_KNOWN = "replaces_not_known"
    CODE_TAKEN = "code_taken"
    CODE_SUPERSEDED = "code_superseded"
    NO_SUCH_VERSION = "no_such_version_in_file"
    PAPER_REFUSED = "paper_refused"


WORDS: Final[Mapping[Reason, Words]] = MappingProxyType(
    {
        Reason.MISSING: Words("Ô này không được để trống.", "This cell must not be empty."),
        Reason.NOT_TEXT: Words("Ô này phải là chữ.", "This cell must be text."),
        Reason.CODE_IS_A_NUMBER: Words(
            "Mã đã thành số và có thể mất số 0; hãy định dạng cột là văn bản.",
            "The code became a number and may have lost zeros; format the column as text.",
        ),
        Reason.TOO_LONG: Words("Dài hơn {most} ký tự.", "Longer than {most} characters."),
        Reason.FORBIDDEN_CHARACTER: Words(
            "Có ký tự không nhìn thấy hoặc điều khiển.", "It holds an invisible or control character."
        ),
        Reason.NOT_ALLOWED: Words("Chỉ nhận: {allowed}.", "Allowed are: {allowed}."),
        Reason.NOT_A_NUMBER: Words("Ô này phải là số nguyên.", "This cell must be a whole number."),
        Reason.OUT_OF_RANGE: Words("Phải từ {least} đến {most}.", "It must be from {least} to {most}."),
        Reason.NOT_A_DATE: Words(
            "Phải là ngày (2026-12-31), từ năm 2000 đến 2100.",
            "It must be a date (2026-12-31), from 2000 to 2100.",
        ),
        Reason.NOT_YES_OR_NO: Words("Phải là có hoặc không.", "It must be yes or no."),
        Reason.NOT_A_SCHEMA: Words(
            "Biểu mẫu phải là JSON Schema của một đối tượng (type: object).",
            "A form must be the JSON Schema of an object (type: object).",
        ),
        Reason.CODE_NOT_VALID: Words(
            "Mã thủ tục không đúng dạng (1.001193).", "A procedure's code is spelled like 1.001193."
        ),
        Reason.TWICE_IN_FILE: Words("Đã có ở dòng {row}.", "It is already in row {row}."),
        Reason.P90_BELOW_P50: Words(
            "p90_minutes nhỏ hơn p50_minutes.", "p90_minutes is less than p50_minutes."
        ),
        Reason.ENDS_BEFORE_IT_BEGINS: Words(
            "Ngày hết trước ngày đầu.", "The last day is before the first."
        ),
        Reason.ENDS_IN_THE_PAST: Words(
            "Không thể kết thúc một bản vào ngày đã qua.", "A version cannot end on a day that is over."
        ),
        Reason.ALREADY_ENDED: Words(
            "Bản này đã kết thúc ngày {day}.", "This version already ended on {day}."
        ),
        Reason.ALREADY_BEGUN: Words(
            "Bản này đã có hiệu lực; thay đổi ({columns}) cần một bản mới với ngày đầu sau hôm nay.",
            "This version has begun; a change ({columns}) needs a new one whose first day is after today.",
        ),
        Reason.BEGINS_TOO_SOON: Words(
            "Thủ tục đã có: bản mới phải bắt đầu sau hôm nay.",
            "The procedure exists: a new version begins after today.",
        ),
        Reason.OVERLAPS_THE_NEXT: Words(
            "Ngày hết không trước bản bắt đầu ngày {day}.",
            "The last day is not before the version that begins on {day}.",
        ),
        Reason.REPLACES_NOT_KNOWN: Words(
            "Không có thủ tục nào mang mã {code}.", "No procedure has or had the code {code}."
        ),
        Reason.CODE_TAKEN: Words(
            "Mã này là của một thủ tục khác.", "This code belongs to another procedure."
        ),
        Reason.CODE_SUPERSEDED: Words(
            "Thủ tục này nay mang mã {code}; đổi lại thì ghi ở cột replaces.",
            "This procedure is called {code} by then; to change it back, say so in replaces.",
        ),
        Reason.NO_SUCH_VERSION: Words(
            "Trang procedures không có mã và ngày này.", "The sheet procedures has no such code and day."
        ),
        Reason.PAPER_REFUSED: Words(
            "Một giấy tờ của bản này bị từ chối (trang papers, dòng {row}).",
            "A paper of this version was refused (sheet papers, row {row}).",
        ),
    }
)


class Refused(NamedTuple):
    """A cell that is why a row was not taken; `row` as the spreadsheet counts, from 1."""

    sheet: str
    row: int
    column: str
    reason: Reason
    facts: Mapping[str, Any] = MappingProxyType({})

    def as_dict(self) -> dict[str, Any]:
        words = WORDS[self.reason]
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "reason": self.reason.value,
            "vi": words.vi.format(**self.facts),
            "en": words.en.format(**self.facts),
        }
