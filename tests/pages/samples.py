"""One context per state a page can be in: typical, empty, wrong, long. The handlers give the same names."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from app.tracking.queries import Tracked

NOW: Final = datetime(2026, 11, 25, 1, 15, tzinfo=UTC)
LONG: Final = "Nguyễn Thị Phương Thảo Công Tằng Tôn Nữ Hoàng Bảo Ngọc Quỳnh Như"
LONG_PROCEDURE: Final = (
    "Liên thông đăng ký khai sinh, đăng ký thường trú, cấp thẻ bảo hiểm y tế cho trẻ em dưới 6 tuổi và"
    " hỗ trợ chi phí khuyến khích theo Nghị quyết của Hội đồng nhân dân tỉnh"
)
CENTRE: Final = "Trung tâm Phục vụ hành chính công tỉnh Ninh Bình"


class Case(NamedTuple):
    """A page in one state."""

    template: str
    state: str
    context: Mapping[str, Any]


BRANDING: Final = {
    "name": "Một cửa Ninh Bình",
    "place": CENTRE,
    "help_phone": "1022",
    "help_hours": "07:00–17:00",
    "home_url": "/",
    "is_sample": True,
}
PAGE: Final = {"here": "/booking?q=khai%20sinh", "csrf_token": "a-token", "branding": BRANDING}
PAPERS: Final = [
    {"name": "Tờ khai đăng ký khai sinh", "note": "Có sẵn tại quầy"},
    {"name": "Giấy chứng sinh", "note": ""},
    {"name": "Căn cước của cha hoặc mẹ", "note": "Bản chính hoặc VNeID"},
]
PROCEDURES: Final = [
    {
        "code": "1.001193",
        "name": "Đăng ký khai sinh",
        "sector_name": "Hộ tịch",
        "minutes": 14,
        "fee": "Miễn phí khi đăng ký đúng hạn.",
        "presence_required": True,
        "home_collection": True,
        "papers": PAPERS,
    },
    {
        "code": "2.000815",
        "name": "Chứng thực bản sao từ bản chính",
        "sector_name": "Chứng thực",
        "minutes": 1,
        "fee": "2.000 đồng mỗi trang.",
        "presence_required": False,
        "home_collection": False,
        "papers": [],
    },
    {
        "code": "9.000001.H42",
        "name": LONG_PROCEDURE,
        "sector_name": "Hộ tịch",
        "minutes": None,
        "fee": "",
        "presence_required": False,
        "home_collection": True,
        "papers": PAPERS * 3,
    },
]
SECTORS: Final = [{"code": "ho_tich", "name": "Hộ tịch"}, {"code": "chung_thuc", "name": "Chứng thực"}]
APPOINTMENT: Final = {
    "reference": "NB-7K3Q-92",
    "procedure_name": "Đăng ký khai sinh",
    "centre_name": CENTRE,
    "centre_address": "Đường Tràng An, phường Hoa Lư, tỉnh Ninh Bình",
    "starts_at": NOW,
    "ends_at": NOW + timedelta(minutes=15),
    "name": "Trần Thị Lan",
    "phone": "0912 345 678",
}
LONG_APPOINTMENT: Final = {**APPOINTMENT, "name": LONG, "procedure_name": LONG_PROCEDURE}


def slots(count: int) -> list[dict[str, Any]]:
    starts = [NOW - timedelta(minutes=75) + timedelta(minutes=20 * n) for n in range(count)]
    return [
        {"value": f"{at.isoformat()}", "starts_at": at, "ends_at": at, "seats": 1 + n % 4}
        for n, at in enumerate(starts)
    ]


TIME: Final = {
    "procedure": {"code": "1.001193", "name": "Đăng ký khai sinh"},
    "centres": [
        {"id": "c1", "name": CENTRE, "address": "Đường Tràng An, phường Hoa Lư", "distance_km": 1.24},
        {"id": "c2", "name": "Phường Nam Hoa Lư", "address": "Đường Ba", "distance_km": None},
    ],
    "centre_id": "c1",
    "days": [
        {
            "date": date(2026, 11, 25) + timedelta(days=n),
            "seats": (n * 7) % 30,
            "works": n % 7 < 5,
            "url": f"?day={n}",
        }
        for n in range(8)
    ],
    "day": date(2026, 11, 26),
    "slots": slots(21),
    "chosen": "",
    "place_url": "/booking/time",
    "action": "/booking/time",
    "back_url": "/booking",
    "errors": [],
}
HOLD: Final = {"hold_expires_at": NOW + timedelta(minutes=10), "hold_seconds_left": 593}
CONTACT: Final = {
    "values": {"name": "", "phone": ""},
    "procedure_name": "Đăng ký khai sinh",
    "centre_name": CENTRE,
    "starts_at": NOW,
    "needs_code": True,
    "action": "/booking/contact",
    "back_url": "/booking/time",
    "errors": [],
    **HOLD,
}
CHECK: Final = {
    "appointment": APPOINTMENT,
    "papers": PAPERS,
    "change": {"procedure_url": "/booking", "time_url": "/booking/time", "contact_url": ""},
    "action": "/booking/check",
    "back_url": "/booking/contact",
    "errors": [],
    **HOLD,
}
DONE: Final = {
    "appointment": APPOINTMENT,
    "papers": PAPERS,
    "message_sent": True,
    "calendar_url": "/booking/x/calendar.ics",
    "cancel_url": "/booking/x/cancel",
    "track_url": "/t/abc",
}
FULL: Final = {
    "procedure_name": "Đăng ký khai sinh",
    "starts_at": NOW,
    "alternatives": [{**each, "centre_name": CENTRE} for each in slots(3)],
    "hidden": {"procedure": "1.001193"},
    "action": "/booking/time",
    "back_url": "/booking/time",
    "errors": [],
}
SIGN_IN: Final = {
    "phone_masked": "09•• ••• 678",
    "expires_at": NOW + timedelta(minutes=5),
    "retry_at": None,
    "action": "/booking/code",
    "resend_action": "/booking/code/again",
    "back_url": "/booking/contact",
    "errors": [],
}
PROCEDURE: Final = {
    "q": "",
    "sector": "",
    "sectors": SECTORS,
    "procedures": PROCEDURES,
    "chosen": "",
    "search_url": "/booking",
    "next_url": "/booking/time",
    "errors": [],
}

SURVEY: Final = {
    "what": {"kind": "ticket", "centre_name": CENTRE, "served_at": NOW},
    "questions": [
        {
            "field": field,
            "text": text,
            "choices": [{"value": "2", "text": "Tốt"}, {"value": "1", "text": LONG}],
        }
        for field, text in (("attitude", "Thái độ của cán bộ, công chức"), ("online", LONG_PROCEDURE))
    ],
    "values": {},
    "comment_length": 1000,
    "errors": [],
}

CHOICES: Final[Mapping[str, Any]] = {
    "action": "/choices/a-token",
    "phone": "091•••5678",
    "channels": [{"value": "sms", "text": "Tin nhắn SMS"}, {"value": "none", "text": "Không nhận"}],
    "chosen": "sms",
    "surveys": True,
    "letters": "l•••@example.vn",
    "version": 3,
    "kept": False,
    "errors": [],
}
TRACKED: Final = {
    "thing": Tracked("ticket", "A017", "waiting", NOW, 12, 19, 4),
    "visit_state": "",
    "as_of": NOW,
    "offered": False,
    "away": False,
    "answer_url": "/t/x/return",
    "reload_url": "/t/x",
    "notice": None,
}
RETURNING: Final = Tracked(
    "ticket", "A017", "waiting", NOW, 12, 19, 4, NOW + timedelta(minutes=35), "offered"
)


def error(field: str, message: str) -> list[dict[str, str]]:
    return [{"field": field, "message": message}]


def citizen_cases() -> list[Case]:
    """Every citizen page in every state worth looking at."""
    name_and_phone = error("name", "Nhập họ và tên") + error("phone", "Nhập số di động, ví dụ 0912 345 678")
    citizen: list[tuple[str, str, Mapping[str, Any]]] = [
        ("booking/procedure.html", "typical", PROCEDURE),
        ("booking/procedure.html", "chosen", {**PROCEDURE, "chosen": "1.001193", "sector": "ho_tich"}),
        ("booking/procedure.html", "empty", {**PROCEDURE, "q": "xyz <b>", "procedures": []}),
        ("booking/procedure.html", "wrong", {**PROCEDURE, "errors": error("procedure", "Chọn thủ tục")}),
        ("booking/time.html", "typical", TIME),
        ("booking/time.html", "wrong", {**TIME, "errors": error("starts_at", "Chọn giờ")}),
        ("booking/time.html", "empty", {**TIME, "days": [], "day": None, "slots": []}),
        ("booking/contact.html", "typical", CONTACT),
        ("booking/contact.html", "wrong", {**CONTACT, "errors": name_and_phone}),
        (
            "booking/contact.html",
            "not_held",
            {**CONTACT, "hold_expires_at": None, "hold_seconds_left": 0, "needs_code": False},
        ),
        ("booking/sign_in.html", "typical", SIGN_IN),
        (
            "booking/sign_in.html",
            "wrong",
            {**SIGN_IN, "errors": error("code", "Mã chưa đúng"), "retry_at": NOW},
        ),
        ("booking/check.html", "typical", CHECK),
        ("booking/check.html", "long", {**CHECK, "appointment": LONG_APPOINTMENT, "papers": []}),
        ("booking/check.html", "wrong", {**CHECK, "errors": error("", "Chỗ không còn được giữ.")}),
        ("booking/done.html", "typical", DONE),
        ("booking/done.html", "long", {**DONE, "appointment": LONG_APPOINTMENT, "cancel_url": ""}),
        ("booking/cancel.html", "asked", {"appointment": APPOINTMENT, "cancelled": False}),
        ("booking/cancel.html", "done", {"appointment": APPOINTMENT, "cancelled": True}),
        ("booking/full.html", "typical", FULL),
        ("booking/full.html", "empty", {**FULL, "alternatives": []}),
        ("survey/questions.html", "typical", SURVEY),
        (
            "survey/questions.html",
            "wrong",
            {
                **SURVEY,
                "what": {**SURVEY["what"], "kind": "dossier"},  # type: ignore[dict-item]  # a mapping
                "values": {"attitude": "2", "comment": "</textarea><b>"},
                "errors": error("online", "Chọn một câu trả lời") + error("comment", "Viết ngắn hơn"),
            },
        ),
        ("survey/thanks.html", "typical", {"again": False}),
        ("survey/thanks.html", "again", {"again": True}),
        ("choices/choose.html", "typical", CHOICES),
        (
            "choices/choose.html",
            "empty",
            {**CHOICES, "phone": "", "letters": "", "kept": True, "surveys": False},
        ),
        (
            "choices/choose.html",
            "wrong",
            {**CHOICES, "errors": error("channel", "Chọn một cách nhận tin")},
        ),
        ("tracking/standing.html", "typical", TRACKED),
        ("tracking/standing.html", "offered", {**TRACKED, "thing": RETURNING, "offered": True}),
        (
            "tracking/standing.html",
            "away",
            {**TRACKED, "thing": RETURNING, "away": True, "notice": "Đã trả lời."},
        ),
        (
            "tracking/standing.html",
            "appointment",
            {**TRACKED, "thing": Tracked("appointment", "NB-7K3Q-92", "confirmed", NOW)},
        ),
        (
            "tracking/standing.html",
            "home_visit",
            {
                **TRACKED,
                "thing": Tracked(
                    "home_visit",
                    "NB-7K3Q-92",
                    "en_route",
                    NOW,
                    eta_earliest=NOW,
                    eta_latest=NOW + timedelta(minutes=40),
                    owed_state_vnd=10_000,
                    owed_postage_vnd=0,
                ),
                "visit_state": "Bưu tá đang đến",
            },
        ),
        (
            "problem.html",
            "typical",
            {
                "problem": {"status": 404, "title": "Không tìm thấy", "detail": "…", "code": "not_found"},
                "request_id": "0199-aaaa",
                "retry_url": "/",
            },
        ),
    ]
    links = {"action": "/x", "back_url": "/y", "book_url": "/booking"}
    return [Case(name, state, {**PAGE, **links, **context}) for name, state, context in citizen]
