"""The eleven questions, how long they may be answered, and what a rate is worth (pure)."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core.errors import Words

OPEN_FOR: Final = timedelta(days=30)
COMMENT_LENGTH: Final = 1000
# The two-sided 95 % point of the normal distribution.
Z_95: Final = 1.959963984540054


class Level(StrEnum):
    """How somebody found it, all in all."""

    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    NOT_SATISFIED = "not_satisfied"


LEVELS: Final[Mapping[Level, Words]] = MappingProxyType(
    {
        Level.VERY_SATISFIED: Words("Rất hài lòng", "Very satisfied"),
        Level.SATISFIED: Words("Hài lòng", "Satisfied"),
        Level.NOT_SATISFIED: Words("Không hài lòng", "Not satisfied"),
    }
)


class Question(NamedTuple):
    """One question; `choices` gives the words of every answer that is accepted, the best first."""

    field: str
    words: Words
    choices: Mapping[int, Words] | Mapping[Level, Words]


def _graded(field: str, words: Words, two: Words, one: Words, none: Words) -> Question:
    return Question(field, words, MappingProxyType({2: two, 1: one, 0: none}))


# Decree 61/2018/NĐ-CP grades nine things with 0 to 2 points each; the last two ask for the whole.
QUESTIONS: Final = (
    _graded(
        "total_time",
        Words(
            "Tổng thời gian giải quyết so với quy định",
            "The whole time it took, against the time allowed",
        ),
        Words("Sớm hơn quy định", "Sooner than allowed"),
        Words("Đúng thời hạn", "Within the time"),
        Words("Trễ hạn", "Late"),
    ),
    _graded(
        "unit_times",
        Words(
            "Thời gian xử lý của từng cơ quan, đơn vị tham gia",
            "The time each office took for its part",
        ),
        Words("Mọi đơn vị đều sớm hoặc đúng hạn", "Every office in time or sooner"),
        Words("Có đơn vị trễ, cả hồ sơ vẫn đúng hạn", "One was late, the whole was not"),
        Words("Có đơn vị trễ làm hồ sơ trễ hạn", "One was late and made the whole late"),
    ),
    _graded(
        "contacts",
        Words(
            "Số lần phải liên hệ để hoàn thiện hồ sơ",
            "How often you had to come back to complete the papers",
        ),
        Words("Không phải liên hệ thêm", "Never"),
        Words("Một lần", "Once"),
        Words("Hơn một lần", "More than once"),
    ),
    _graded(
        "agencies",
        Words("Số cơ quan, đơn vị phải liên hệ", "How many offices you had to turn to"),
        Words("Chỉ bộ phận một cửa", "Only the one-stop centre"),
        Words("Thêm một nơi khác", "One more"),
        Words("Thêm nhiều nơi khác", "Several more"),
    ),
    _graded(
        "organisation",
        Words(
            "Tổ chức tiếp nhận và trả kết quả theo cơ chế một cửa",
            "How papers were taken and results returned in one place",
        ),
        Words("Tốt", "Well"),
        Words("Tạm được", "Fairly"),
        Words("Chưa tốt", "Badly"),
    ),
    _graded(
        "publicity",
        Words(
            "Công khai thủ tục, phí, lệ phí và thời hạn",
            "Whether the procedure, its fees and its time were to be read",
        ),
        Words("Đầy đủ, dễ tìm", "All of it, easy to find"),
        Words("Có nhưng chưa đủ hoặc khó tìm", "Some, or hard to find"),
        Words("Không có", "Not at all"),
    ),
    _graded(
        "attitude",
        Words("Thái độ của cán bộ, công chức", "How the officers treated you"),
        Words("Lịch sự, tận tình", "Politely and with care"),
        Words("Bình thường", "Neither well nor badly"),
        Words("Chưa lịch sự", "Impolitely"),
    ),
    _graded(
        "complaints",
        Words(
            "Tiếp nhận, giải quyết phản ánh, kiến nghị của Ông/Bà",
            "What became of a complaint or suggestion you made",
        ),
        Words("Được trả lời đúng hạn, hoặc không có phản ánh", "Answered in time, or I made none"),
        Words("Trả lời chậm hoặc chưa rõ", "Answered late or unclearly"),
        Words("Không được trả lời", "Not answered"),
    ),
    _graded(
        "online",
        Words("Chất lượng dịch vụ công trực tuyến", "How good the online service was"),
        Words("Tốt, hoặc không cần dùng", "Good, or I did not need it"),
        Words("Dùng được nhưng còn khó", "Usable, but hard"),
        Words("Không dùng được", "Not usable"),
    ),
    Question("convenience", Words("Mức độ thuận tiện", "How convenient it was"), LEVELS),
    Question("overall", Words("Đánh giá chung", "All in all"), LEVELS),
)
GRADED: Final = tuple(question.field for question in QUESTIONS[:9])


class Answers(NamedTuple):
    """One answer to each question, in their order; nine grades of 0 to 2 and two levels."""

    total_time: int
    unit_times: int
    contacts: int
    agencies: int
    organisation: int
    publicity: int
    attitude: int
    complaints: int
    online: int
    convenience: Level
    overall: Level


def may_be_answered(*, served_at: datetime, now: datetime) -> bool:
    """For thirty days after the service ended."""
    return now <= served_at + OPEN_FOR


class Interval(NamedTuple):
    """From the lowest to the highest share the answers are compatible with."""

    low: float
    high: float


def share(part: int, whole: int) -> float | None:
    """A share of 0 to 1; none of nothing is not zero."""
    return part / whole if whole else None


def wilson(satisfied: int, n: int, *, z: float = Z_95) -> Interval | None:
    """The score interval of Wilson (1927) around a share; honest where answers are few or all agree."""
    if n == 0:
        return None
    p = satisfied / n
    weight = 1 + z * z / n
    middle = (p + z * z / (2 * n)) / weight
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / weight
    # The ends touch 0 and 1 exactly where all agree; rounding must not push them past.
    low = 0.0 if satisfied == 0 else max(0.0, middle - reach)
    high = 1.0 if satisfied == n else min(1.0, middle + reach)
    return Interval(low, high)
