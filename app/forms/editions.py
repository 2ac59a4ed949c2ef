"""The forms there are, and which edition of them was in force on a day.

An edition is a folder of `templates/`. A new circular adds a folder and a row here, and ends the row before
it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from app.forms.errors import FormNotInForce

TEMPLATES: Final = Path(__file__).parent / "templates"


class Form(StrEnum):
    """Circular 03/2025/TT-VPCP, Annex I: the forms by their number."""

    RECEIPT = "01"
    SUPPLEMENT_REQUEST = "02"
    REFUSAL = "03"
    APOLOGY = "04"
    STOP_NOTICE = "05"
    CONTROL_SLIP = "06"
    REGISTER = "07"


TITLES: Final[Mapping[Form, str]] = MappingProxyType(
    {
        Form.RECEIPT: "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
        Form.SUPPLEMENT_REQUEST: "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
        Form.REFUSAL: "Phiếu từ chối tiếp nhận giải quyết hồ sơ",
        Form.APOLOGY: "Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết",
        Form.STOP_NOTICE: "Thông báo dừng giải quyết hồ sơ",
        Form.CONTROL_SLIP: "Phiếu kiểm soát quá trình giải quyết hồ sơ",
        Form.REGISTER: "Sổ theo dõi hồ sơ",
    }
)


class Edition(NamedTuple):
    """One edition of all seven; `valid_to` is its last day. `folder` is inside `templates/`."""

    folder: str
    source: str
    valid_from: date
    valid_to: date | None


EDITIONS: Final[Sequence[Edition]] = (
    Edition("tt03_2025", "Thông tư số 03/2025/TT-VPCP ngày 15/9/2025", date(2025, 9, 15), None),
)


def edition_on(day: date, editions: Sequence[Edition] = EDITIONS) -> Edition:
    """The edition of a local day; raises `FormNotInForce` before the first one."""
    for edition in editions:
        if edition.valid_from <= day and (edition.valid_to is None or day <= edition.valid_to):
            return edition
    raise FormNotInForce(day=day.isoformat())
