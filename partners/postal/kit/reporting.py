"""How a system must report to us (COURIER.md 5.5, DOMAIN.md 4.2 and 4.3)."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, Final

import msgspec

from app.core.errors import Refusal, Words
from app.custody import s10
from app.home_service import facts
from app.home_service.states import Kind
from app.home_service.states import Report as ReportType
from app.http import body as strict
from partners.postal.api.couriers import CourierRequest, ShiftRequest
from partners.postal.api.events import MOST_EVENTS, EventInput
from partners.postal.kit.our_side import RETRY_AFTER_S, TOKEN
from partners.postal.kit.seen import Call, Report, Seen, events_of
from partners.postal.kit.verdicts import NO_REPORTS, Check, Verdict, passes_unless, skip

OFFSET: Final = re.compile(r"(Z|[+-]\d{2}:\d{2})$")
SEAL: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9\-]{2,39}$")
# A clock that waits "1 s" may wake a moment early.
EARLY_S: Final = 0.05
NO_CALLS: Final = skip(
    "Hệ thống không gọi phía Motcua của bộ kiểm thử.", "The system does not call the kit's Motcua side."
)


def _each_report(wrong: Callable[[Report], str | None], vi: str, en: str) -> Callable[[Seen], Verdict]:
    """A check that every report can fail by itself."""

    def judge(seen: Seen) -> Verdict:
        reports = list(seen.reports())
        if not reports:
            return NO_REPORTS
        found = [text for report in reports if (text := wrong(report)) is not None]
        return passes_unless(found, vi, en)

    return judge


def _shape(report: Report) -> str | None:
    """Read exactly as Motcua reads it; a time without an offset has a check of its own."""
    try:
        strict.convert(dict(report.event), EventInput)
    except Refusal as refusal:
        place = next(iter(refusal.facts.get("errors", [])), {"pointer": "", "detail": refusal.code})
        if place["pointer"] == "/occurred_at":
            return None
        return f"{place['pointer'] or '/'}: {place['detail']}"
    return None


def _offset(report: Report) -> str | None:
    at = str(report.event.get("occurred_at", ""))
    return None if OFFSET.search(at) else at


def _fact(report: Report) -> str | None:
    try:
        fault = facts.fault(Kind.COLLECTION, ReportType(report.type), report.data)
    except ValueError:
        return None
    return None if fault in (None, "wrong_check_digit") else f"{report.type}: {fault}"


def _own_task(seen: Seen) -> Verdict:
    reports = list(seen.reports())
    if not reports:
        return NO_REPORTS
    couriers = {task.id: task.courier for task in seen.tasks.values()}
    wrong = [
        f"{r.task_id} / {r.event.get('courier')}"
        for r in reports
        if couriers.get(r.task_id) != r.event.get("courier")
    ]
    return passes_unless(
        wrong,
        "{first}: lượt này không được giao cho bưu tá đó.",
        "{first}: the visit was not given to that courier.",
    )


def _ids(seen: Seen) -> Verdict:
    """The same id again is a repetition; with another content it is a reused id."""
    contents: dict[str, set[str]] = defaultdict(set)
    for report in seen.reports():
        contents[report.id].add(json.dumps(report.event, sort_keys=True))
    if not contents:
        return NO_REPORTS
    wrong = [event_id for event_id, different in contents.items() if len(different) > 1]
    return passes_unless(
        wrong,
        "event_id {first} mang nhiều nội dung khác nhau.",
        "event_id {first} stands for different contents.",
    )


def _sequence(seen: Seen) -> Verdict:
    """A device counts up: no number twice, and a later event has the larger one."""
    by_courier: dict[str, dict[str, tuple[str, Any]]] = defaultdict(dict)
    for report in seen.reports():
        event = report.event
        by_courier[str(event.get("courier"))][report.id] = (
            str(event.get("occurred_at")),
            event.get("device_seq"),
        )
    if not by_courier:
        return NO_REPORTS
    wrong = [courier for courier, made in by_courier.items() if not _counts_up(made.values())]
    return passes_unless(
        wrong,
        "device_seq của bưu tá {first} không tăng dần.",
        "The device_seq of courier {first} does not count up.",
    )


def _counts_up(made: Iterable[tuple[str, Any]]) -> bool:
    numbers = [number for _, number in sorted(made, key=lambda each: (each[0], str(each[1]).zfill(20)))]
    return all(isinstance(number, int) for number in numbers) and all(
        earlier < later for earlier, later in pairwise(numbers)
    )


def _seals(seen: Seen) -> Verdict:
    """A number of one's own series, or of the post with its check digit; never on two packages."""
    tasks: dict[str, set[str]] = defaultdict(set)
    for report in seen.reports():
        if report.type == "sealed":
            tasks[str(report.data.get("seal", ""))].add(report.task_id)
    if not tasks:
        return NO_REPORTS
    wrong = [
        seal
        for seal, sealed in tasks.items()
        if not SEAL.match(seal) or s10.is_mistyped(seal) or len(sealed) > 1
    ]
    return passes_unless(
        wrong,
        "Số niêm phong {first}: sai dạng, sai chữ số kiểm tra (S10), hoặc dùng hai lần.",
        "Seal {first}: malformed, a wrong check digit (S10), or used twice.",
    )


def _people(seen: Seen) -> Verdict:
    """Nothing of the people at the door comes back in an answer or in a report."""
    private = {text for task in seen.tasks.values() for text in (task.contact_name, task.address)}
    said = [(f"webhook ({d.purpose})", d.body) for d in seen.deliveries]
    said += [
        (f"{call.method} {call.path}", json.dumps(call.body, ensure_ascii=False)) for call in seen.calls
    ]
    said += [(f"{call.method}", call.path) for call in seen.calls]
    wrong = [place for place, text in said if any(each in text for each in private)]
    return passes_unless(
        wrong,
        "Tên hoặc địa chỉ người dân xuất hiện trong {first}.",
        "A citizen's name or address is in {first}.",
    )


def _retry(seen: Seen) -> Verdict:
    refused = [call for call in seen.batches(received=False) if call.status == 503]
    if not refused:
        return NO_REPORTS
    owed = {report.id for report in events_of(refused[0])}
    received = {report.id for report in seen.reports()}
    return passes_unless(
        sorted(owed - received),
        "Sau 503, sự kiện {first} không được gửi lại với cùng event_id.",
        "After a 503 the event {first} was not sent again under the same event_id.",
    )


def _patience(seen: Seen) -> Verdict:
    refused = [call for call in seen.batches(received=False) if call.status == 503]
    if not refused:
        return NO_REPORTS
    owed = {report.id for report in events_of(refused[0])}
    pauses = [
        call.at_s - refused[0].at_s
        for call in seen.batches()
        if owed & {report.id for report in events_of(call)}
    ]
    if not pauses:
        return skip("Không có lần gửi lại để đo.", "There was no second try to measure.")
    early = [f"{min(pauses):.2f} s"] if min(pauses) < RETRY_AFTER_S - EARLY_S else []
    return passes_unless(
        early,
        "Gửi lại sau {first}, sớm hơn Retry-After: 1.",
        "Sent again after {first}, before Retry-After: 1 was over.",
    )


def _keys(seen: Seen) -> Verdict:
    """Every batch has a key, and a key stands for one body."""
    batches = seen.batches(received=False)
    if not batches:
        return NO_REPORTS
    bodies: dict[str, set[str]] = defaultdict(set)
    for call in batches:
        bodies[call.headers["idempotency-key"]].add(json.dumps(call.body, sort_keys=True))
    wrong = [key or "(none)" for key, sent in bodies.items() if not key or len(sent) > 1]
    return passes_unless(
        wrong,
        "Idempotency-Key {first}: thiếu, hoặc dùng cho hai nội dung.",
        "Idempotency-Key {first}: missing, or used for two bodies.",
    )


def _sizes(seen: Seen) -> Verdict:
    batches = seen.batches()
    if not batches:
        return NO_REPORTS
    counts = [(len(list(events_of(call))), call.size_bytes) for call in batches]
    wrong = [f"{n}" for n, size in counts if not 1 <= n <= MOST_EVENTS or size > strict.MAX_BYTES]
    return passes_unless(
        wrong,
        "Một lô có {first} sự kiện; cho phép 1–500 và 256 KiB.",
        "A batch had {first} events; 1 to 500 and 256 KiB are allowed.",
    )


def _tokens(seen: Seen) -> Verdict:
    calls = [call for call in seen.calls if call.path != TOKEN]
    if not calls:
        return NO_CALLS
    wrong = [f"{c.method} {c.path}" for c in calls if not c.headers["authorization"].startswith("Bearer ")]
    return passes_unless(wrong, "{first} không có mã truy cập.", "{first} came without a token.")


def _couriers(seen: Seen) -> Verdict:
    puts = [call for call in seen.calls if call.method == "PUT"]
    if not puts:
        return skip("Không có bưu tá nào được khai báo.", "No courier was put.")
    wrong = [text for call in puts if (text := _put_fault(call)) is not None]
    return passes_unless(wrong, "{first}", "{first}")


def _put_fault(call: Call) -> str | None:
    kind: type[msgspec.Struct] = ShiftRequest if "/shifts/" in call.path else CourierRequest
    try:
        strict.convert(call.body, kind)
    except Refusal as refusal:
        place = next(iter(refusal.facts.get("errors", [])), {"pointer": "", "detail": refusal.code})
        return f"{call.path} {place['pointer']}: {place['detail']}"
    return None


CHECKS: Final = (
    Check(
        "calls-carry-a-token",
        Words("Mọi lời gọi có mã truy cập OAuth", "Every call carries an OAuth token"),
        _tokens,
    ),
    Check(
        "couriers-are-well-formed",
        Words("Bưu tá và ca trực đúng dạng", "Couriers and shifts have the right form"),
        _couriers,
    ),
    Check(
        "reports-have-the-right-form",
        Words("Sự kiện đúng tên trường và kiểu", "Reports have the right fields and types"),
        _each_report(_shape, "{count} sự kiện sai: {first}", "{count} reports are wrong: {first}"),
    ),
    Check(
        "times-have-an-offset",
        Words("Thời điểm có múi giờ (+07:00)", "Times carry their offset (+07:00)"),
        _each_report(_offset, "“{first}” không có múi giờ.", "“{first}” has no offset."),
    ),
    Check(
        "facts-are-complete",
        Words("Mỗi loại sự kiện đủ dữ kiện", "Each type has the facts it needs"),
        _each_report(_fact, "{first}", "{first}"),
    ),
    Check(
        "reports-are-of-own-visits",
        Words(
            "Chỉ báo về lượt đã giao, bởi bưu tá được giao",
            "Only visits given, by the courier they were given to, are reported",
        ),
        _own_task,
    ),
    Check(
        "event-ids-are-used-once",
        Words("Một event_id cho một sự kiện", "An event_id stands for one event"),
        _ids,
    ),
    Check(
        "device-numbers-count-up",
        Words("device_seq tăng dần theo bưu tá", "device_seq counts up per courier"),
        _sequence,
    ),
    Check(
        "seal-numbers-are-well-formed",
        Words("Số niêm phong đúng dạng, mỗi số một túi", "Seals are well-formed, one per package"),
        _seals,
    ),
    Check(
        "no-people-in-answers-or-reports",
        Words("Không gửi lại tên, địa chỉ người dân", "No citizen's name or address is sent back"),
        _people,
    ),
    Check(
        "batches-have-a-key",
        Words("Mỗi lô có Idempotency-Key riêng", "Every batch has an Idempotency-Key of its own"),
        _keys,
    ),
    Check(
        "batches-are-bounded",
        Words("Lô có 1–500 sự kiện", "A batch holds 1 to 500 events"),
        _sizes,
    ),
    Check(
        "a-retry-is-the-same-batch",
        Words("Gửi lại giữ nguyên event_id", "A second try keeps the event ids"),
        _retry,
    ),
    Check(
        "waits-as-told",
        Words("Tôn trọng Retry-After", "Retry-After is honoured"),
        _patience,
    ),
)
