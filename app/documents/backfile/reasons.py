"""Why a line of the list is refused: a stable code, and words for who wrote it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from app.core.errors import Words
from app.documents.inspection.verdict import Reason as FileReason


class Reason(StrEnum):
    """Of the line itself, and of how it stands to what is kept."""

    LINE_NOT_READABLE = "line_not_readable"
    NOT_UTF8 = "not_utf8"
    MISSING = "missing"
    TOO_LONG = "too_long"
    FORBIDDEN_CHARACTER = "forbidden_character"
    DOSSIER_NUMBER_NOT_VALID = "dossier_number_not_valid"
    OWNER_NUMBER_NOT_VALID = "owner_number_not_valid"
    OWNER_NAME_NOT_VALID = "owner_name_not_valid"
    CODE_NOT_KNOWN = "code_not_known"
    NOT_A_DATE = "not_a_date"
    NOT_YES_OR_NO = "not_yes_or_no"
    ISSUED_IN_THE_FUTURE = "issued_in_the_future"
    ENDS_BEFORE_ITS_ISSUE = "ends_before_its_issue"
    PERMANENT_AND_ENDING = "permanent_and_ending"
    NO_LONGER_VALID = "no_longer_valid"
    TWICE_IN_LIST = "twice_in_list"
    FILE_OUTSIDE = "file_outside_folder"
    FILE_MISSING = "file_missing"
    FILE_NOT_READABLE = "file_not_readable"
    EMPTY_FILE = "empty_file"
    NOT_INSPECTED = "not_inspected"
    OTHER_CONTENT = "kept_with_other_content"
    KEPT_OTHERWISE = "kept_otherwise"
    DUPLICATE = "duplicate_content"
    CONTENT_OF_ANOTHER = "content_of_another"
    OWNER_NAME_DIFFERS = "owner_name_differs"


OF_THE_LINE: Final[Mapping[Reason, Words]] = MappingProxyType(
    {
        Reason.LINE_NOT_READABLE: Words(
            "Dòng này không đọc được: số ô khác dòng đầu, hoặc dấu nháy không đóng.",
            "The line cannot be read: not as many cells as the first line, or a quote that is not closed.",
        ),
        Reason.NOT_UTF8: Words("Dòng này không phải UTF-8.", "The line is not UTF-8."),
        Reason.MISSING: Words("Ô này không được để trống.", "This cell must not be empty."),
        Reason.TOO_LONG: Words("Dài hơn {most} ký tự.", "Longer than {most} characters."),
        Reason.FORBIDDEN_CHARACTER: Words(
            "Có ký tự không nhìn thấy hoặc điều khiển.", "It holds an invisible or control character."
        ),
        Reason.DOSSIER_NUMBER_NOT_VALID: Words(
            "Mã hồ sơ chỉ gồm chữ, số và . - / _, từ 3 đến 40 ký tự.",
            "A dossier's number has letters, digits and . - / _ only, 3 to 40 of them.",
        ),
        Reason.OWNER_NUMBER_NOT_VALID: Words(
            "Số định danh cá nhân gồm 12 chữ số; bảng tính có thể đã bỏ số 0 ở đầu.",
            "A personal number has twelve digits; a spreadsheet may have dropped the first zero.",
        ),
        Reason.OWNER_NAME_NOT_VALID: Words("Đây không phải họ tên.", "This is no person's name."),
        Reason.CODE_NOT_KNOWN: Words(
            "Danh mục thủ tục không có mã giấy tờ hay mã kết quả này.",
            "The catalogue has no paper and no result of this code.",
        ),
        Reason.NOT_A_DATE: Words(
            "Phải là ngày (2019-12-31 hoặc 31/12/2019), từ năm 1945 đến 2100.",
            "It must be a date (2019-12-31 or 31/12/2019), from 1945 to 2100.",
        ),
        Reason.NOT_YES_OR_NO: Words("Phải là có hoặc không.", "It must be yes or no."),
        Reason.ISSUED_IN_THE_FUTURE: Words("Ngày cấp ở tương lai.", "It is issued in the future."),
        Reason.ENDS_BEFORE_ITS_ISSUE: Words(
            "Hết hạn trước ngày cấp.", "Its validity ends before its issue."
        ),
        Reason.PERMANENT_AND_ENDING: Words(
            "Giấy tờ vô thời hạn không có ngày hết hạn.", "A permanent paper has no last day."
        ),
        Reason.NO_LONGER_VALID: Words(
            "Đã hết hạn ngày {day}; chỉ số hóa giấy tờ còn hiệu lực.",
            "It was valid until {day}; only what is still valid is digitised.",
        ),
        Reason.TWICE_IN_LIST: Words(
            "Hồ sơ và mã này đã có ở dòng {line}.", "Line {line} has this dossier and code already."
        ),
        Reason.FILE_OUTSIDE: Words(
            "Tên tệp phải nằm trong thư mục.", "The file must be inside the folder."
        ),
        Reason.FILE_MISSING: Words("Không có tệp này.", "There is no such file."),
        Reason.FILE_NOT_READABLE: Words("Không đọc được tệp.", "The file cannot be read."),
        Reason.EMPTY_FILE: Words("Tệp rỗng.", "The file is empty."),
        Reason.NOT_INSPECTED: Words(
            "Máy quá bận, chưa kiểm tra được tệp; hãy chạy lại.",
            "The machine was too busy to inspect the file; run again.",
        ),
        Reason.OTHER_CONTENT: Words(
            "Hồ sơ và mã này đã có với tệp khác; tệp cũ được giữ.",
            "This dossier and code are kept with another file, which stays.",
        ),
        Reason.KEPT_OTHERWISE: Words(
            "Tệp này đã nhập với thông tin khác; thông tin cũ được giữ.",
            "This file was imported with other facts, which stay.",
        ),
        Reason.DUPLICATE: Words(
            "Cùng tệp, cùng chủ, cùng mã đã có ở hồ sơ {dossier}.",
            "The same file of the same owner and code is kept under dossier {dossier}.",
        ),
        Reason.CONTENT_OF_ANOTHER: Words(
            "Tệp này đã nhập cho chủ hoặc mã khác (hồ sơ {dossier}, mã {code}).",
            "The same file is kept for another owner or code (dossier {dossier}, code {code}).",
        ),
        Reason.OWNER_NAME_DIFFERS: Words(
            "Số định danh này đã có với họ tên khác; hãy kiểm tra số.",
            "This personal number is kept with another name; check the number.",
        ),
    }
)

OF_THE_FILE: Final[Mapping[FileReason, Words]] = MappingProxyType(
    {
        FileReason.TYPE_NOT_ALLOWED: Words(
            "Chỉ nhận PDF, JPEG, PNG, HEIC.", "Only PDF, JPEG, PNG and HEIC are taken."
        ),
        FileReason.TYPE_NOT_AS_DECLARED: Words(
            "Nội dung không đúng loại tệp.", "The content is not of its type."
        ),
        FileReason.CONTENT_CHANGED: Words(
            "Nội dung đã thay đổi khi đang đọc.", "The content changed while it was read."
        ),
        FileReason.DAMAGED: Words("Tệp hỏng.", "The file is damaged."),
        FileReason.TOO_LARGE: Words("Tệp lớn hơn 10 MB.", "The file is larger than 10 MB."),
        FileReason.TOO_MANY_PIXELS: Words("Ảnh quá nhiều điểm ảnh.", "The picture has too many pixels."),
        FileReason.TOO_MANY_PAGES: Words("Tệp quá nhiều trang.", "The file has too many pages."),
        FileReason.TOO_MANY_OBJECTS: Words("Tệp PDF quá phức tạp.", "The PDF has too many objects."),
        FileReason.TOO_COSTLY: Words("Tệp tốn quá nhiều tài nguyên để đọc.", "It costs too much to read."),
        FileReason.EXPANDS_TOO_MUCH: Words(
            "Tệp nén giãn ra quá lớn.", "The file expands to more than it may."
        ),
        FileReason.ENCRYPTED: Words("Tệp có mật khẩu.", "The file is encrypted."),
        FileReason.ACTIVE_CONTENT: Words("Tệp chứa mã lệnh.", "The file holds a program."),
        FileReason.EMBEDDED_FILE: Words("Tệp chứa tệp khác.", "The file holds another file."),
        FileReason.EXTERNAL_LINK: Words("Tệp chứa liên kết ra ngoài.", "The file links elsewhere."),
        FileReason.FORM_PROGRAM: Words("Tệp chứa biểu mẫu XFA.", "The file holds an XFA form."),
        FileReason.TWO_FORMATS: Words("Tệp mang hai định dạng.", "The file is of two formats at once."),
        FileReason.MALWARE: Words("Tệp có mã độc.", "The file holds malware."),
    }
)
WORDS: Final[Mapping[str, Words]] = MappingProxyType(
    {reason.value: words for reason, words in (*OF_THE_LINE.items(), *OF_THE_FILE.items())}
)


class Refused(NamedTuple):
    """A line that was not taken; `line` as an editor counts, from 1, the columns' names being the first."""

    line: int
    column: str
    reason: Reason | FileReason
    facts: Mapping[str, Any] = MappingProxyType({})

    def as_dict(self) -> dict[str, Any]:
        words = WORDS[self.reason.value]
        return {
            "line": self.line,
            "column": self.column,
            "code": self.reason.value,
            "vi": words.vi.format(**self.facts),
            "en": words.en.format(**self.facts),
        }


class NotTaken(Exception):
    """What is wrong with one cell of a line."""

    def __init__(self, column: str, reason: Reason | FileReason, **facts: Any) -> None:
        super().__init__(reason.value)
        self.column, self.reason, self.facts = column, reason, facts

    def at(self, line: int) -> Refused:
        return Refused(line, self.column, self.reason, self.facts)
