"""Registered templates: what is said, in both languages, and how it may be sent.

Operators in Việt Nam register every text; changing one, or its variables, is a new version with a new
registration. The Vietnamese stands here with its marks, as a person reads it, and leaves without them.
Other words for the same variables are published over these (`notifications.wordings`).
"""

import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core.text import LINK, without_diacritics
from notifications.segments import BASIC, Cost, cost


class Category(StrEnum):
    """`otp` and `urgent` pass at any hour; `transactional` waits for the end of the quiet hours,
    `digestable` may also be told with others of its person in one (`digests`), and `next_morning` waits in
    any case for the morning of the day after what it is about.
    """

    OTP = "otp"
    URGENT = "urgent"
    TRANSACTIONAL = "transactional"
    DIGESTABLE = "digestable"
    NEXT_MORNING = "next_morning"

    @property
    def stored(self) -> str:
        """As the row of a message has it: a release that runs beside this one knows none that is
        digestable, and nothing depends on it there.
        """
        return (Category.TRANSACTIONAL if self is Category.DIGESTABLE else self).value


class Template(NamedTuple):
    """One registered text. `longest` gives each variable's longest value, for the length test."""

    code: str
    version: int
    category: Category
    lifetime: timedelta
    resend_after_unknown: int
    vi: str
    en: str
    longest: Mapping[str, int]

    def render(self, locale: str, values: Mapping[str, str]) -> str:
        """The text as it leaves; values are cut to their registered length."""
        text = self.en if locale == "en" else self.vi
        return without_diacritics(text.format(**self.fitted(values)))

    def fitted(self, values: Mapping[str, str]) -> dict[str, str]:
        """What fills an SMS: plain letters, cut to the registered length, leading nowhere."""
        return {
            name: _plain(leading_nowhere(name, values[name]))[:length]
            for name, length in self.longest.items()
        }

    def whole(self, values: Mapping[str, str]) -> dict[str, str]:
        """What fills a text that has room; one line each, whatever came in."""
        return {name: leading_nowhere(name, " ".join(values[name].split())) for name in self.longest}

    def longest_cost(self, locale: str) -> Cost:
        """What the longest possible message of this template costs."""
        return cost(self.render(locale, {name: "x" * n for name, n in self.longest.items()}))


def in_full(template: Template, locale: str, values: Mapping[str, str]) -> str:
    """The text with its marks and whole values, for ways that have room."""
    text = template.en if locale == "en" else template.vi
    return text.format(**template.whole(values))


def leading_nowhere(name: str, value: str) -> str:
    """A value is somebody's words: a link in it is taken apart, so that no phone makes one of it."""
    if name == OUR_LINK:
        return value
    # Full-width letters make as good a link as plain ones.
    spelled = unicodedata.normalize("NFKC", value)
    if not LINK.search(spelled):
        return value
    return " ".join(spelled.replace(".", ". ").replace("//", " ").split())


def _plain(value: str) -> str:
    """One septet for each character, whatever came in; cut only afterwards, so that nothing grows back."""
    return "".join(c if c in BASIC and c.isprintable() else "?" for c in without_diacritics(value))


HOUR: Final = timedelta(hours=1)
# The variable the program fills with an address of its own pages; no other leads anywhere.
OUR_LINK: Final = "link"
# The longest link a message has room for; a longer one is cut, and a link that is cut leads nowhere.
LINK_LENGTH: Final = 108
# The longest amount there can be: 1,000,000,000 VND.
AMOUNT_LENGTH: Final = 17

_ALL: Final = (
    Template(
        "otp", 1, Category.OTP, timedelta(minutes=5), 0,
        "Motcua: mã xác nhận của Ông/Bà là {code}. Mã có hiệu lực 5 phút, không chia sẻ cho bất kỳ ai.",
        "Motcua: your code is {code}. It is valid for 5 minutes; do not share it with anybody.",
        {"code": 6},
    ),
    # By e-mail only, to the address it confirms.
    Template(
        "email_confirmation", 1, Category.URGENT, HOUR / 2, 1,
        "Motcua: mã xác nhận địa chỉ thư điện tử của Ông/Bà là {code}. Mã có hiệu lực 30 phút."
        " Nếu Ông/Bà không yêu cầu, xin bỏ qua.",
        "Motcua: the code that confirms your e-mail address is {code}. It is valid for 30 minutes."
        " If you did not ask for it, ignore it.",
        {"code": 6},
    ),
    # Somebody who has just confirmed is holding the phone: waiting until morning would only worry them.
    Template(
        "appointment_confirmed", 1, Category.URGENT, 12 * HOUR, 2,
        "Motcua: Ông/Bà đã đặt lịch {reference} lúc {time} tại {place}. Mang theo giấy tờ gốc.",
        "Motcua: your appointment {reference} is at {time}, {place}. Bring the original papers.",
        {"reference": 12, "time": 16, "place": 60},
    ),
    Template(
        "appointment_cancelled", 1, Category.URGENT, 12 * HOUR, 2,
        "Motcua: lịch hẹn {reference} lúc {time} đã hủy.",
        "Motcua: appointment {reference} at {time} is cancelled.",
        {"reference": 12, "time": 16},
    ),
    Template(
        "appointment_rescheduled", 1, Category.URGENT, 12 * HOUR, 2,
        "Motcua: lịch hẹn {reference} đổi sang {time} tại {place}.",
        "Motcua: appointment {reference} is moved to {time}, {place}.",
        {"reference": 12, "time": 16, "place": 60},
    ),
    # Of use until the appointment begins, whatever its lifetime here.
    Template(
        "appointment_reminder", 1, Category.TRANSACTIONAL, 24 * HOUR, 1,
        "Motcua: nhắc lịch hẹn {reference} lúc {time} tại {place}. Mang theo giấy tờ gốc.",
        "Motcua: reminder of appointment {reference} at {time}, {place}. Bring the original papers.",
        {"reference": 12, "time": 16, "place": 60},
    ),
    # What the centre changed can wait for the morning: the appointment itself is never that near.
    Template(
        "appointment_moved_by_centre", 1, Category.TRANSACTIONAL, 48 * HOUR, 2,
        "Motcua: trung tâm dời lịch hẹn {reference} sang {time}, {place}. Ông/Bà có thể đổi hoặc hủy.",
        "Motcua: we moved appointment {reference} to {time}, {place}. You may change or cancel it.",
        {"reference": 12, "time": 16, "place": 60},
    ),
    Template(
        "appointment_cancelled_by_centre", 1, Category.TRANSACTIONAL, 48 * HOUR, 2,
        "Motcua: trung tâm phải hủy lịch hẹn {reference} lúc {time} do thay đổi lịch tiếp nhận."
        " Xin lỗi Ông/Bà, vui lòng đặt lịch khác.",
        "Motcua: the centre had to cancel appointment {reference} at {time}, its hours have changed."
        " We are sorry; please book again.",
        {"reference": 12, "time": 16},
    ),
    Template(
        "waitlist_offered", 1, Category.URGENT, timedelta(minutes=10), 0,
        "Motcua: có chỗ {time} tại {place}. Xác nhận mã {reference} trước {until}, sau đó mời người khác.",
        "Motcua: a place at {time}, {place}. Confirm {reference} by {until} or the next is asked.",
        {"reference": 12, "time": 16, "place": 60, "until": 5},
    ),
    Template(
        "ticket_called", 1, Category.URGENT, timedelta(minutes=3), 0,
        "Motcua: mời số {number} đến quầy {counter}.",
        "Motcua: number {number}, please come to counter {counter}.",
        {"number": 6, "counter": 3},
    ),
    Template(
        "return_agreed", 1, Category.URGENT, timedelta(minutes=15), 0,
        "Motcua: số {number} quay lại lúc {time}. Theo dõi: {link}",
        "Motcua: number {number}, come back at {time}. {link}",
        {"number": 6, "time": 5, "link": LINK_LENGTH},
    ),
    Template(
        "dossier_accepted", 1, Category.DIGESTABLE, 24 * HOUR, 2,
        "Motcua: hồ sơ {number} đã được tiếp nhận. Ngày hẹn trả: {time}.",
        "Motcua: dossier {number} is accepted. Promised for {time}.",
        {"number": 30, "time": 16},
    ),
    Template(
        "dossier_completed", 1, Category.DIGESTABLE, 48 * HOUR, 2,
        "Motcua: hồ sơ {number} đã có kết quả. Ông/Bà nhận tại trung tâm hoặc đặt trả tại nhà.",
        "Motcua: dossier {number} has its result. Collect it at the centre or have it brought home.",
        {"number": 30},
    ),
    Template(
        "dossier_returned", 1, Category.DIGESTABLE, 24 * HOUR, 2,
        "Motcua: đã trả kết quả hồ sơ {number}. Cảm ơn Ông/Bà.",
        "Motcua: the result of dossier {number} was returned. Thank you.",
        {"number": 30},
    ),
    Template(
        "dossier_supplement_requested", 1, Category.DIGESTABLE, 72 * HOUR, 2,
        "Motcua: hồ sơ {number} cần bổ sung giấy tờ. Xem nội dung trong ứng dụng hoặc hỏi tại trung tâm.",
        "Motcua: dossier {number} needs more papers. See which in the app, or ask at the centre.",
        {"number": 30},
    ),
    Template(
        "dossier_supplemented", 1, Category.DIGESTABLE, 48 * HOUR, 2,
        "Motcua: hồ sơ {number} đã đủ giấy tờ bổ sung. Ngày hẹn trả mới: {time}.",
        "Motcua: the supplement of dossier {number} is complete. Now promised for {time}.",
        {"number": 30, "time": 16},
    ),
    Template(
        "dossier_refused", 1, Category.DIGESTABLE, 72 * HOUR, 2,
        "Motcua: hồ sơ {number} không được tiếp nhận. Xem lý do trong ứng dụng hoặc hỏi tại trung tâm.",
        "Motcua: dossier {number} is not accepted. See why in the app, or ask at the centre.",
        {"number": 30},
    ),
    Template(
        "dossier_extended", 1, Category.DIGESTABLE, 72 * HOUR, 2,
        "Motcua: xin lỗi Ông/Bà, hồ sơ {number} chưa kịp giải quyết. Hẹn trả lại: {time}.",
        "Motcua: we are sorry, dossier {number} takes longer. It is now promised for {time}.",
        {"number": 30, "time": 16},
    ),
    Template(
        "dossier_payment_due", 1, Category.DIGESTABLE, 72 * HOUR, 2,
        "Motcua: hồ sơ {number} cần thực hiện nghĩa vụ tài chính. Xem nội dung trong ứng dụng hoặc tại"
        " trung tâm.",
        "Motcua: a payment is due for dossier {number}. See which in the app, or ask at the centre.",
        {"number": 30},
    ),
    Template(
        "dossier_payment_received", 1, Category.DIGESTABLE, 48 * HOUR, 2,
        "Motcua: hồ sơ {number} đã hoàn thành nghĩa vụ tài chính. Ngày hẹn trả: {time}.",
        "Motcua: the payment for dossier {number} is done. Promised for {time}.",
        {"number": 30, "time": 16},
    ),
    Template(
        "dossier_withdrawn", 1, Category.DIGESTABLE, 48 * HOUR, 2,
        "Motcua: đã rút hồ sơ {number} theo yêu cầu của Ông/Bà.",
        "Motcua: dossier {number} is withdrawn as you asked.",
        {"number": 30},
    ),
    Template(
        "dossier_stopped", 1, Category.DIGESTABLE, 72 * HOUR, 2,
        "Motcua: hồ sơ {number} đã dừng xử lý. Xem lý do trong ứng dụng hoặc hỏi tại trung tâm.",
        "Motcua: processing of dossier {number} was stopped. See why in the app, or ask at the centre.",
        {"number": 30},
    ),
    Template(
        "dossier_corrected", 1, Category.DIGESTABLE, 72 * HOUR, 2,
        "Motcua: kết quả hồ sơ {number} được thu hồi để xử lý lại. Xin lỗi Ông/Bà, vui lòng chờ tin mới.",
        "Motcua: the result of dossier {number} is recalled and worked on again. We are sorry.",
        {"number": 30},
    ),
    # Several of the above in one, which says of each what happened to it (`digests.said`).
    Template(
        "dossier_digest", 1, Category.DIGESTABLE, 72 * HOUR, 2,
        "Motcua: {count} hồ sơ có tin mới. {items}. Xem trong ứng dụng hoặc hỏi tại trung tâm.",
        "Motcua: news of {count} dossiers. {items}. See the app, or ask at the centre.",
        {"count": 3, "items": 220},
    ),
    Template(
        "home_visit_confirmed", 2, Category.URGENT, 12 * HOUR, 2,
        "Motcua: bưu tá sẽ đến {window} (mã {reference}). Phải trả tại nhà: phí, lệ phí {state},"
        " cước {postage}. Chỉ đọc mã giao nhận khi gặp bưu tá.",
        "Motcua: the courier comes {window} (ref. {reference}). To pay at the door: state fee {state},"
        " postage {postage}. Tell the hand-over code only at the door.",
        {"reference": 12, "window": 24, "state": AMOUNT_LENGTH, "postage": AMOUNT_LENGTH},
    ),
    Template(
        "home_visit_en_route", 2, Category.URGENT, HOUR, 0,
        "Motcua: bưu tá {courier} đang đến (mã {reference}). Phải trả: phí, lệ phí {state},"
        " cước {postage}.",
        "Motcua: courier {courier} is on the way (ref. {reference}). To pay: state fee {state},"
        " postage {postage}.",
        {"reference": 12, "courier": 20, "state": AMOUNT_LENGTH, "postage": AMOUNT_LENGTH},
    ),
    # A report may come late from a place without signal: nobody is woken for a receipt.
    Template(
        "home_visit_paid", 1, Category.TRANSACTIONAL, 24 * HOUR, 2,
        "Motcua: đã thu {amount} {purse} của lượt {reference}, biên lai số {receipt}.",
        "Motcua: {amount} of {purse} received for visit {reference}, receipt {receipt}.",
        {"reference": 12, "amount": AMOUNT_LENGTH, "purse": 11, "receipt": 40},
    ),
    Template(
        "home_visit_collected", 1, Category.URGENT, 12 * HOUR, 2,
        "Motcua: đã nhận và niêm phong giấy tờ, số niêm phong {seal} (mã {reference}).",
        "Motcua: your papers were taken and sealed, seal {seal} (ref. {reference}).",
        {"reference": 12, "seal": 20},
    ),
    Template(
        "home_visit_failed", 1, Category.URGENT, 12 * HOUR, 2,
        "Motcua: bưu tá chưa thực hiện được lượt {reference}. Ông/Bà vui lòng chọn khung giờ khác.",
        "Motcua: visit {reference} could not be done. Please choose another window.",
        {"reference": 12},
    ),
    Template(
        "home_visit_at_risk", 1, Category.TRANSACTIONAL, 12 * HOUR, 0,
        "Motcua: bưu tá có thể không kịp {window} (mã {reference}). Chúng tôi xin lỗi và sẽ liên hệ ngay.",
        "Motcua: the courier may not make {window} (ref. {reference}). We are sorry, and will call you.",
        {"reference": 12, "window": 24},
    ),
    Template(
        "home_visit_area_closed", 1, Category.URGENT, 12 * HOUR, 2,
        "Motcua: khu vực tạm ngừng phục vụ, bưu tá không đến {window} (mã {reference}). Mời chọn giờ khác.",
        "Motcua: your area is closed, no courier comes {window} (ref. {reference}). Please choose another.",
        {"reference": 12, "window": 24},
    ),
    Template(
        "home_visit_reassigned", 1, Category.TRANSACTIONAL, 12 * HOUR, 0,
        "Motcua: bưu tá {courier} sẽ đến thay, khung giờ vẫn là {window} (mã {reference}).",
        "Motcua: courier {courier} comes instead, in the same window {window} (ref. {reference}).",
        {"reference": 12, "window": 24, "courier": 20},
    ),
    Template(
        "home_visit_late", 1, Category.TRANSACTIONAL, 2 * HOUR, 0,
        "Motcua: bưu tá đến muộn, dự kiến khoảng {time} (mã {reference}). Xin lỗi Ông/Bà.",
        "Motcua: the courier is late and is now expected about {time} (ref. {reference}). We are sorry.",
        {"reference": 12, "time": 5},
    ),
    Template(
        "home_visit_moved_by_centre", 1, Category.TRANSACTIONAL, 48 * HOUR, 2,
        "Motcua: lượt đến nhà {reference} dời sang {window} do thay đổi lịch. Ông/Bà có thể đổi hoặc hủy.",
        "Motcua: home visit {reference} is moved to {window}, the calendar changed. You may change it.",
        {"reference": 12, "window": 24},
    ),
    Template(
        "home_visit_cancelled", 1, Category.URGENT, 12 * HOUR, 2,
        "Motcua: lượt đến nhà {reference} đã hủy.",
        "Motcua: home visit {reference} is cancelled.",
        {"reference": 12},
    ),
    Template(
        "package_incident", 1, Category.URGENT, 24 * HOUR, 2,
        "Motcua: túi hồ sơ của lượt {reference} đang được tạm giữ để kiểm kê. Trung tâm sẽ liên hệ.",
        "Motcua: the package of visit {reference} is held for a joint count. The centre will call you.",
        {"reference": 12},
    ),
    Template(
        "survey_invitation", 1, Category.NEXT_MORNING, 48 * HOUR, 0,
        "Motcua: mời Ông/Bà đánh giá việc phục vụ: {link}",
        "Motcua: how did we serve you? {link}",
        {"link": LINK_LENGTH},
    ),
)  # fmt: skip

TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType({t.code: t for t in _ALL})
