"""How a system must take our webhooks (COURIER.md 5.4, Standard Webhooks 1.0)."""

from collections.abc import Callable
from typing import Final

from app.core.errors import Words
from partners.postal.kit.seen import Delivery, Seen
from partners.postal.kit.verdicts import NOT_SENT, PASS, Check, Verdict, fail, passes_unless, skip

FEED: Final = "/v1/partner/changes"


def _answered(delivery: Delivery) -> str:
    return str(delivery.status) if delivery.status is not None else delivery.body


def _is_accepted(purpose: str) -> Callable[[Seen], Verdict]:
    def judge(seen: Seen) -> Verdict:
        sent = seen.sent_for(purpose)
        if not sent:
            return NOT_SENT
        wrong = [_answered(delivery) for delivery in sent if not delivery.accepted]
        return passes_unless(wrong, "Trả lời {first}, phải là 2xx.", "Answered {first}; it must be 2xx.")

    return judge


def _is_refused(purpose: str) -> Callable[[Seen], Verdict]:
    def judge(seen: Seen) -> Verdict:
        sent = seen.sent_for(purpose)
        if not sent:
            return NOT_SENT
        wrong = [_answered(delivery) for delivery in sent if delivery.status not in (400, 401, 403)]
        return passes_unless(
            wrong, "Trả lời {first}, phải là 401.", "Answered {first}; it must be 401 (400, 403 will do)."
        )

    return judge


def _no_crash(seen: Seen) -> Verdict:
    sent = seen.sent_for("not_json")
    if not sent:
        return NOT_SENT
    wrong = [_answered(d) for d in sent if d.status is None or d.status >= 500]
    return passes_unless(wrong, "Trả lời {first}, phải là 4xx.", "Answered {first}; it must be 4xx.")


def _never_redirects(seen: Seen) -> Verdict:
    wrong = [_answered(d) for d in seen.deliveries if d.status is not None and 300 <= d.status < 400]
    return passes_unless(
        wrong,
        "{count} lần trả lời chuyển hướng ({first}); Motcua không đi theo.",
        "{count} answers were redirects ({first}); Motcua follows none.",
    )


def _never_gone(seen: Seen) -> Verdict:
    wrong = [d.purpose for d in seen.deliveries if d.status == 410]
    return passes_unless(
        wrong,
        "{count} lần trả lời 410 (lần đầu: {first}); Motcua ngừng gửi đến địa chỉ này ngay.",
        "410 was answered {count} times (first: {first}); Motcua ends the endpoint at once.",
    )


def _in_time(seen: Seen) -> Verdict:
    slow = [f"{d.took_s:.1f} s ({d.purpose})" for d in seen.deliveries if d.took_s > seen.answer_within_s]
    return passes_unless(
        slow,
        "Trả lời sau {first}; hãy trả lời trước, xử lý sau.",
        "Answered after {first}; answer first, work afterwards.",
    )


def _once(purpose: str) -> Callable[[Seen], Verdict]:
    def judge(seen: Seen) -> Verdict:
        if not any(delivery.accepted for delivery in seen.sent_for(purpose)):
            return NOT_SENT
        rides = len(seen.rides(purpose))
        if rides == 0:
            return skip(
                "Không thấy lượt đến nhà này được thực hiện.", "The visit was not seen to be ridden."
            )
        if rides > 1:
            return fail("Một lượt đến nhà được nhận {n} lần.", "One visit was accepted {n} times.", n=rides)
        return PASS

    return judge


def _later_fields(seen: Seen) -> Verdict:
    accepted = _is_accepted("later_fields")(seen)
    if accepted is not PASS:
        return accepted
    if not seen.rides("later_fields") and seen.rides("three_times"):
        return fail(
            "Thông điệp được nhận nhưng không được thực hiện.", "It was accepted and nothing was done."
        )
    return PASS


def _gap(seen: Seen) -> Verdict:
    if not any(delivery.accepted for delivery in seen.sent_for("gap")):
        return NOT_SENT
    if seen.rides("gap"):
        return PASS
    if not seen.calls:
        return skip(
            "Hệ thống không gọi phía Motcua của bộ kiểm thử.",
            "The system does not call the kit's Motcua side.",
        )
    if any(call.path == FEED for call in seen.calls):
        return fail(
            "Đã đọc luồng sự kiện nhưng bỏ qua lượt đến nhà bị thiếu.",
            "The feed was read, and the missed visit left out.",
        )
    return fail(
        "Số thứ tự nhảy cách mà không đọc GET /v1/partner/changes.",
        "A number was missing and GET /v1/partner/changes was not read.",
    )


CHECKS: Final = (
    Check(
        "good-signature-is-accepted",
        Words("Chữ ký đúng được nhận (2xx)", "A right signature is accepted (2xx)"),
        _is_accepted("good"),
    ),
    Check(
        "unsigned-is-refused",
        Words("Thông điệp không ký bị từ chối (401)", "An unsigned message is refused (401)"),
        _is_refused("unsigned"),
    ),
    Check(
        "forged-signature-is-refused",
        Words("Chữ ký giả bị từ chối (401)", "A forged signature is refused (401)"),
        _is_refused("forged"),
    ),
    Check(
        "changed-body-is-refused",
        Words("Nội dung bị sửa sau khi ký bị từ chối", "A body changed after signing is refused"),
        _is_refused("changed_body"),
    ),
    Check(
        "old-timestamp-is-refused",
        Words("Dấu thời gian quá 5 phút bị từ chối", "A timestamp older than 5 minutes is refused"),
        _is_refused("old"),
    ),
    Check(
        "future-timestamp-is-refused",
        Words("Dấu thời gian ở tương lai bị từ chối", "A timestamp of the future is refused"),
        _is_refused("future"),
    ),
    Check(
        "second-signature-is-accepted",
        Words(
            "Khi đổi khóa, một trong hai chữ ký đúng là đủ",
            "While a secret is rotated, one right signature of two is enough",
        ),
        _is_accepted("second_signature"),
    ),
    Check(
        "later-signature-is-passed-over",
        Words(
            "Chữ ký kiểu mới (v1a) đứng trước không cản chữ ký v1",
            "A signature of a later kind (v1a) does not hide the v1 one",
        ),
        _is_accepted("later_signature"),
    ),
    Check(
        "garbage-is-no-crash",
        Words("JSON hỏng được trả lời 4xx, không phải 5xx", "Broken JSON is answered 4xx, not 5xx"),
        _no_crash,
    ),
    Check(
        "unknown-type-is-accepted",
        Words("Loại sự kiện chưa biết vẫn được nhận", "An event type not known yet is accepted"),
        _is_accepted("unknown_type"),
    ),
    Check(
        "unknown-thing-is-accepted",
        Words(
            "Sự kiện về lượt đến nhà chưa biết vẫn được nhận",
            "An event about a visit not known is accepted",
        ),
        _is_accepted("unknown_thing"),
    ),
    Check(
        "unknown-fields-are-accepted",
        Words("Trường mới không làm hỏng thông điệp", "Fields not known yet change nothing"),
        _later_fields,
    ),
    Check(
        "duplicates-have-one-effect",
        Words("Cùng webhook-id ba lần: một tác dụng", "One webhook-id three times: one effect"),
        _once("three_times"),
    ),
    Check(
        "gap-is-filled-from-feed",
        Words(
            "Thiếu số thứ tự thì đọc luồng sự kiện trước",
            "When a number is missing the feed is read first",
        ),
        _gap,
    ),
    Check(
        "late-event-changes-nothing",
        Words(
            "Sự kiện đến muộn, đã đọc từ luồng, không tác dụng lần hai",
            "An event that comes late, already read from the feed, has no second effect",
        ),
        _once("gap"),
    ),
    Check(
        "answers-in-time",
        Words("Trả lời nhanh (Motcua ngắt sau 15 giây)", "Answers come fast (Motcua hangs up after 15 s)"),
        _in_time,
    ),
    Check(
        "never-redirects",
        Words("Không bao giờ trả lời chuyển hướng", "An answer is never a redirect"),
        _never_redirects,
    ),
    Check(
        "never-says-gone",
        Words(
            "410 chỉ dùng khi muốn bỏ hẳn địa chỉ webhook",
            "410 is answered only to end the endpoint for good",
        ),
        _never_gone,
    ),
)
