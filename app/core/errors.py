"""Refusals: why the business says no, in words for people and a code for machines.

A refusal knows its *kind* and its stable code; `app.http.problems` alone knows which HTTP status a
kind becomes. Facts given by keyword fill the placeholders of the words, and those a client can use
(`alternatives`, the open ticket) travel in the answer.
"""

from typing import Any, ClassVar, NamedTuple


class Words(NamedTuple):
    """One sentence in both languages people read here."""

    vi: str
    en: str

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.vi


class Refusal(Exception):
    """The business refuses; nothing was changed.

    `told` names the facts a client receives beside the words; every other fact stays inside.
    """

    code: ClassVar[str] = "refused"
    title: ClassVar[Words] = Words("Yêu cầu bị từ chối", "The request was refused")
    detail: ClassVar[Words] = Words("", "")
    told: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts = facts

    def words(self, language: str) -> str:
        return self.detail.in_language(language).format(**self.facts)

    @property
    def told_facts(self) -> dict[str, Any]:
        return {name: self.facts[name] for name in self.told if name in self.facts}


def in_one_line(refusal: Refusal) -> str:
    """For an operator at a terminal: the words, and each place where something is wrong."""
    places = refusal.told_facts.get("errors", [])
    return " ".join([refusal.words("en"), *(f"{place['pointer']}: {place['detail']}" for place in places)])


class Malformed(Refusal):
    """The request cannot be read (syntax)."""

    code = "malformed"
    title = Words("Yêu cầu sai cú pháp", "The request is malformed")
    detail = Words("Không đọc được yêu cầu.", "The request cannot be read.")


class Unauthenticated(Refusal):
    """Nobody is known to be calling."""

    code = "unauthenticated"
    title = Words("Chưa đăng nhập", "Not signed in")
    detail = Words("Cần đăng nhập để tiếp tục.", "Sign in to continue.")


class Forbidden(Refusal):
    """The function is known and is not the caller's."""

    code = "forbidden"
    title = Words("Không có quyền", "Not allowed")
    detail = Words("Chức năng này không dành cho bạn.", "This function is not yours to use.")


class NotFound(Refusal):
    """Unknown, or somebody else's: the two look the same."""

    code = "not_found"
    title = Words("Không tìm thấy", "Not found")
    detail = Words("Không có mục này.", "There is no such thing here.")


class Conflict(Refusal):
    """The state of things does not allow it now."""

    code = "conflict"
    title = Words("Xung đột trạng thái", "Conflict with the current state")


class Gone(Refusal):
    """It existed and its time is over."""

    code = "gone"
    title = Words("Đã hết hiệu lực", "No longer valid")


class PreconditionFailed(Refusal):
    """The caller looked at another version or another state."""

    code = "precondition_failed"
    title = Words("Dữ liệu đã thay đổi", "The data has changed")
    detail = Words(
        "Dữ liệu đã thay đổi từ lần xem trước; hãy tải lại.",
        "It has changed since you looked; load it again.",
    )


class Invalid(Refusal):
    """Well-formed, and not valid. `errors` may list `{pointer, code, detail}`."""

    code = "invalid"
    title = Words("Dữ liệu không hợp lệ", "The data is not valid")
    detail = Words("Một giá trị không hợp lệ.", "A value is not valid.")
    told: ClassVar[tuple[str, ...]] = ("errors",)


class TooMany(Refusal):
    """Too often; `retry_after` says when to come back, in seconds."""

    code = "too_many_requests"
    title = Words("Quá nhiều yêu cầu", "Too many requests")
    detail = Words("Bạn thao tác quá nhanh, hãy thử lại sau.", "That was too often; try again later.")
    told: ClassVar[tuple[str, ...]] = ("retry_after",)


class Unavailable(Refusal):
    """Something we depend on is away; the same request may succeed in a moment."""

    code = "unavailable"
    title = Words("Hệ thống tạm gián đoạn", "Temporarily unavailable")
    detail = Words(
        "Hệ thống tạm gián đoạn, hãy thử lại sau giây lát.",
        "The service is interrupted for a moment; try again shortly.",
    )
