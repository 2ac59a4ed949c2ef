"""The title a message has where its way has room for one: a letter's subject, a notice on a phone."""

from collections.abc import Mapping
from typing import Final

from app.core.errors import Words

# By the beginning of the template's code; the longest that fits.
TITLES: Final[Mapping[str, Words]] = {
    "appointment": Words("Lịch hẹn {reference}", "Appointment {reference}"),
    "waitlist": Words("Mời nhận chỗ, lịch hẹn {reference}", "A place for you, appointment {reference}"),
    "ticket": Words("Mời số {number}", "Number {number}, please"),
    "return": Words("Số {number} hẹn giờ quay lại", "Number {number}: when to come back"),
    "dossier_digest": Words("Tin về {count} hồ sơ", "News of {count} dossiers"),
    "dossier": Words("Hồ sơ {number}", "Dossier {number}"),
    "home_visit": Words("Lượt đến nhà {reference}", "Home visit {reference}"),
    "package": Words("Túi hồ sơ của lượt {reference}", "The package of visit {reference}"),
    "survey": Words("Mời đánh giá việc phục vụ", "How did we serve you?"),
    "email": Words("Xác nhận địa chỉ thư điện tử", "Confirm your e-mail address"),
}
PLAIN: Final = Words("Tin từ bộ phận một cửa", "A message from the one-stop centre")


def title(template: str, language: str, values: Mapping[str, str]) -> str:
    """A code never stands in a title: titles are shown on locked screens."""
    found = next((words for name, words in TITLES.items() if template.startswith(name)), PLAIN)
    return found.in_language(language).format(**values)
