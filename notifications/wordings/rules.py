"""What a wording must be before anybody is told by it, and how one looks (pure)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core.errors import Words
from app.core.text import LINK, InvalidText, clean_text, without_diacritics
from notifications.segments import Cost, cost, units
from notifications.templates import OUR_LINK, TEMPLATES, Template
from notifications.wordings.samples import SAMPLES

MOST_SEGMENTS: Final = 2
LONGEST_TEXT: Final = 600
LONGEST_VALUE: Final = 200
LONGEST_NOTE: Final = 200
# Operators of Việt Nam want the brand in the text, and people know by it who writes.
BRAND: Final = "Motcua: "
PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
BRACE: Final = re.compile(r"[{}]")
# One word with a link in it, and nothing else but what closes a sentence.
ADDRESS: Final = re.compile(r"[(\"'<\[]*(?:https?://)?([A-Za-z0-9.-]+?)(?::\d+)?(?:/\S*)?[.,;:!?)\"'>\]]*")

FAULTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "empty_text": Words("Chưa có nội dung.", "There is no text."),
        "text_too_long": Words(
            f"Nội dung dài quá {LONGEST_TEXT} ký tự.", f"The text has more than {LONGEST_TEXT} characters."
        ),
        "forbidden_character": Words(
            "Có ký tự điều khiển hoặc ký tự không nhìn thấy.", "It holds a control or invisible character."
        ),
        "brand_missing": Words(f"Phải mở đầu bằng “{BRAND}”.", f"It has to begin with “{BRAND}”."),
        "brace": Words(
            "Dấu ngoặc nhọn chỉ dùng cho biến, ví dụ {{code}}.", "Braces are for variables, as in {{code}}."
        ),
        "unknown_variable": Words("Không có biến này.", "There is no such variable."),
        "variable_of_another_template": Words(
            "Biến này thuộc mẫu tin khác.", "This variable is of another template."
        ),
        "variable_missing": Words("Thiếu biến {name}.", "The variable {name} is missing."),
        "not_foldable": Words(
            "Ký tự này không có dạng không dấu để gửi SMS.", "This character has no plain form for an SMS."
        ),
        "link_not_allowed": Words(
            "Liên kết đến nơi không có trong danh sách cho phép.", "A link leads where none is allowed to."
        ),
        "too_many_segments": Words(
            f"Tin dài nhất vượt quá {MOST_SEGMENTS} đoạn SMS.",
            f"The longest message has more than {MOST_SEGMENTS} segments.",
        ),
        "note_too_long": Words(
            f"Ghi chú dài quá {LONGEST_NOTE} ký tự.", f"The note has more than {LONGEST_NOTE} characters."
        ),
        "unknown_value": Words("Mẫu tin không có biến này.", "The template has no such variable."),
        "value_too_long": Words(
            "Giá trị của {name} dài quá và sẽ bị cắt.", "The value of {name} is too long and will be cut."
        ),
        "value_with_link": Words(
            "Giá trị của {name} chứa liên kết; liên kết sẽ bị tách ra.",
            "The value of {name} holds a link, which will be taken apart.",
        ),
        "value_not_plain": Words(
            "Giá trị của {name} có ký tự sẽ bị thay bằng dấu hỏi.",
            "The value of {name} holds characters that become question marks.",
        ),
    }
)  # fmt: skip


class Fault(NamedTuple):
    """What is wrong: at which character of the text, or about which variable of the template."""

    code: str
    at: int | None = None
    name: str = ""

    def words(self, language: str) -> str:
        return FAULTS[self.code].in_language(language).format(name=self.name)


class Dear(NamedTuple):
    """A character that leaves as several septets, `times` over."""

    character: str
    septets: int
    times: int


class Looks(NamedTuple):
    """A wording as people get it: with its marks where there is room, folded as an SMS. `marked` is what
    the SMS would cost with its marks, `dear` what makes the folded one dearer than its characters.
    """

    rendered: str
    folded: str
    cost: Cost
    units: int
    longest: Cost
    marked: Cost
    dear: Sequence[Dear]


def tidied(text: str) -> str:
    """One line without needless spaces; what cannot be is left as it came, for `faults` to say why."""
    try:
        return clean_text(text, max_length=LONGEST_TEXT)
    except InvalidText:
        return text


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with what is known; what is no variable stays as it was typed."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def looks(template: Template, text: str, values: Mapping[str, str]) -> Looks:
    """How a text would arrive, may it be published or not; samples stand where no value is given."""
    told = {name: values.get(name, SAMPLES[name]) for name in template.longest}
    short = filled(text, template.fitted(told))
    folded = without_diacritics(short)
    return Looks(
        rendered=filled(text, template.whole(told)),
        folded=folded,
        cost=cost(folded),
        units=units(folded),
        longest=cost(_longest(template, text)),
        marked=cost(short),
        dear=_dear(short),
    )


def faults(template: Template, text: str, *, hosts: Collection[str]) -> list[Fault]:
    """Why this text cannot be published; nothing when it can. `hosts` are where links may lead."""
    return [
        *_spelling(text),
        *_variables(template, text),
        *_letters(text),
        *_links(template, text, hosts),
        *_length(template, text),
    ]


def note_faults(note: str) -> list[Fault]:
    """Why this cannot be kept beside a version; nobody has to say anything."""
    if not note.strip():
        return []
    try:
        clean_text(note, max_length=LONGEST_NOTE)
    except InvalidText as fault:
        return [Fault("note_too_long" if fault.code == "text_too_long" else fault.code)]
    return []


def piece_of(text: str, fault: Fault) -> str:
    """The variable or the character a fault is about, as it was typed."""
    if fault.at is None or fault.code == "brand_missing":
        return ""
    found = PLACEHOLDER.match(text, fault.at)
    return found[0] if found else text[fault.at]


def value_faults(template: Template, values: Mapping[str, str]) -> list[Fault]:
    """What would be done to values: nothing is refused for them when a message leaves."""
    found = [Fault("unknown_value") for name in values if name not in template.longest]
    for name in template.longest.keys() & values.keys():
        if name != OUR_LINK and LINK.search(unicodedata.normalize("NFKC", values[name])):
            found.append(Fault("value_with_link", name=name))
        plain = without_diacritics(values[name])
        if plain.count("?") > values[name].count("?") or not plain.isprintable():
            found.append(Fault("value_not_plain", name=name))
        if len(plain) > template.longest[name]:
            found.append(Fault("value_too_long", name=name))
    return sorted(found, key=lambda fault: (fault.name, fault.code))


def _dear(text: str) -> list[Dear]:
    """Brackets are two septets, three dots are three."""
    counted = Counter(unicodedata.normalize("NFC", text))
    sizes = {character: units(without_diacritics(character)) for character in counted}
    return [Dear(each, sizes[each], times) for each, times in counted.items() if sizes[each] > 1]


def _spelling(text: str) -> Iterator[Fault]:
    try:
        clean_text(text, max_length=LONGEST_TEXT)
    except InvalidText as fault:
        yield Fault(fault.code)
    if not text.startswith(BRAND):
        yield Fault("brand_missing", at=0)


def _variables(template: Template, text: str) -> Iterator[Fault]:
    elsewhere = {name for each in TEMPLATES.values() for name in each.longest}
    for found in PLACEHOLDER.finditer(text):
        if found[1] not in template.longest:
            known = found[1] in elsewhere
            yield Fault("variable_of_another_template" if known else "unknown_variable", at=found.start())
    stray = BRACE.search(PLACEHOLDER.sub(lambda found: " " * len(found[0]), text))
    if stray:
        yield Fault("brace", at=stray.start())
    said = {found[1] for found in PLACEHOLDER.finditer(text)}
    yield from (Fault("variable_missing", name=name) for name in template.longest if name not in said)


def _letters(text: str) -> Iterator[Fault]:
    """What would leave as a question mark, once for each character."""
    seen = set()
    for at, character in enumerate(text):
        if "?" in without_diacritics(character) and character != "?" and character not in seen:
            seen.add(character)
            yield Fault("not_foldable", at=at)


def _links(template: Template, text: str, hosts: Collection[str]) -> Iterator[Fault]:
    """Also one that only a variable makes a link, or that folding does."""
    probe = filled(text, dict.fromkeys(template.longest, "x"))
    words = [*probe.split(), *without_diacritics(probe).split()]
    if any(LINK.search(word) and _leads_elsewhere(word, hosts) for word in words):
        yield Fault("link_not_allowed")


def _leads_elsewhere(word: str, hosts: Collection[str]) -> bool:
    address = ADDRESS.fullmatch(word)
    return address is None or address[1].lower() not in hosts


def _length(template: Template, text: str) -> Iterator[Fault]:
    if cost(_longest(template, text)).segments > MOST_SEGMENTS:
        yield Fault("too_many_segments")


def _longest(template: Template, text: str) -> str:
    return without_diacritics(filled(text, {name: "x" * n for name, n in template.longest.items()}))
