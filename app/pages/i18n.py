"""The two languages of the pages, and how each writes dates, times, numbers and money.

Templates are written in English; `locale/<language>/LC_MESSAGES/messages.po` says the same in each
language and is read as it stands, so there is no build step. Which language a request wants is
`app.http.requests.language_of`: `?lang=`, then the cookie, then Accept-Language, then Vietnamese.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

from app.core.clock import local, local_date

LOCALE: Final = Path(__file__).parent / "locale"
LANGUAGE_COOKIE: Final = "lang"
# The language's own name for itself, as the switch shows it.
LANGUAGE_NAMES: Final[Mapping[str, str]] = MappingProxyType({"vi": "Tiếng Việt", "en": "English"})

_LONG_DAY: Final = MappingProxyType({"vi": "EEEE, dd/MM/yyyy", "en": "EEEE d MMMM yyyy"})
_SHORT_DAY: Final = MappingProxyType({"vi": "EEEE dd/MM", "en": "EEE d MMM"})


@cache
def translations(language: str) -> Translations:
    """The language's catalogue, compiled in memory."""
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def with_language(url: str, language: str) -> str:
    """The same address, asking for another language."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "lang"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("lang", language)])))


class Formats:
    """How one language writes what is not a sentence; moments are shown as wall clocks in Việt Nam."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = Locale.parse(language)

    def day(self, value: date | datetime) -> str:
        """Thứ Tư, 25/11/2026; Wednesday 25 November 2026."""
        return format_date(_day_of(value), _LONG_DAY[self.language], self.locale)

    def short_day(self, value: date | datetime) -> str:
        """Thứ Tư 25/11; Wed 25 Nov."""
        return format_date(_day_of(value), _SHORT_DAY[self.language], self.locale)

    def clock(self, moment: datetime) -> str:
        """08:15, on the twenty-four hour clock in both languages."""
        return f"{local(_aware(moment)):%H:%M}"

    def clock_with_seconds(self, moment: datetime) -> str:
        return f"{local(_aware(moment)):%H:%M:%S}"

    def moment(self, moment: datetime) -> str:
        """Thứ Tư, 25/11/2026 08:15."""
        return f"{self.day(moment)} {self.clock(moment)}"

    def machine(self, moment: datetime) -> str:
        """RFC 3339 for `datetime` attributes and form values, with the zone people live in."""
        return local(_aware(moment)).isoformat(timespec="seconds")

    def number(self, value: float) -> str:
        return str(format_decimal(value, locale=self.locale))

    def money(self, amount_vnd: int) -> str:
        """20.000 đồng; VND 20,000."""
        written = self.number(amount_vnd)
        return f"{written} đồng" if self.language == "vi" else f"VND {written}"


def minutes_and_seconds(seconds: int) -> str:
    """4:32 of a countdown; never below zero."""
    return f"{max(seconds, 0) // 60}:{max(seconds, 0) % 60:02d}"


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A moment shown to people must say its zone.")
    return moment.astimezone(UTC)


def _day_of(value: date | datetime) -> date:
    return local_date(_aware(value)) if isinstance(value, datetime) else value
