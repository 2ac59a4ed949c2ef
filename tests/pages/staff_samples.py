"""The officers' pages and the hall board, one context per state."""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from app.pages.rounds import ClosedArea, Door, Round
from app.pages.rounds_map import STYLES, Place, Track, draw
from app.queue import voice
from tests.pages.samples import (
    BRANDING,
    CENTRE,
    LONG,
    LONG_PROCEDURE,
    NOW,
    PAGE,
    Case,
    citizen_cases,
    error,
)
from tests.pages.wording_samples import wording_cases

STAFF_PAGE: Final = {
    **PAGE,
    "here": "/console",
    "officer": {"name": "Phạm Văn Minh"},
    "place": CENTRE + " · Quầy 3",
    "sign_out_action": "/console/sign-out",
}
STAFF_SIGN_IN: Final = {
    **STAFF_PAGE,
    "officer": None,
    "place": "",
    "sign_out_action": "",
    "values": {"username": "minh"},
    "action": "/console/sign-in",
    "errors": [],
}


def ticket(
    number: str, *, moves: tuple[str, ...] = (), where: str = "", long: bool = False
) -> dict[str, Any]:
    return {
        "id": f"id-{number}-{'-'.join(moves) or where or 'x'}",
        "number": number,
        "procedure_name": LONG_PROCEDURE if long else "Đăng ký khai sinh",
        "at": NOW - timedelta(minutes=12),
        "minutes": 12,
        "reason": "Đã hẹn 08:15, đến đúng giờ",
        "where": where,
        "version": 3,
        "moves": moves,
    }


EMPTY_LISTS: Final[list[dict[str, Any]]] = [
    {"key": key, "tickets": []} for key in ("waiting", "in_progress", "parked", "missed", "finished")
]
FULL_LISTS: Final = [
    {
        "key": "waiting",
        "tickets": [ticket(f"A{n}", moves=("call",), long=n == 105) for n in range(104, 116)],
    },
    {"key": "in_progress", "tickets": [ticket("A101", where="Quầy 2"), ticket("B013", where="Quầy 5")]},
    {"key": "parked", "tickets": [ticket("A098", moves=("resume", "put-back"))]},
    {"key": "missed", "tickets": [ticket("A097", moves=("put-back",))]},
    {"key": "finished", "tickets": [ticket(f"A0{n}") for n in range(90, 97)]},
]
IDLE: Final = {
    "url": "/console/counters/3",
    "revision": 41,
    "as_of": NOW,
    "counter": {"name": "Quầy 3", "state": "open"},
    "notice": None,
    "current": None,
    "transfer_pools": [{"id": "p2", "name": "Cư trú – xã hội"}, {"id": "p3", "name": "Đất đai"}],
    "procedures": [],
    "can_call": True,
    "waiting_count": 12,
    "p50_minutes": 8,
    "p80_minutes": 14,
    "served_count": 9,
    "lists": FULL_LISTS,
}
CURRENT: Final = {
    "id": "t1",
    "number": "A103",
    "state": "called",
    "procedure_name": "Đăng ký khai sinh",
    "citizen_name": "Trần Thị Lan",
    "channel": "appointment",
    "appointment_at": NOW,
    "priority": None,
    "reason": "Đã hẹn 08:15, đến đúng giờ",
    "called_at": NOW,
    "started_at": None,
    "calls": 1,
    "doing": None,
    "version": 4,
    "moves": ("start", "recall", "no-show", "park", "transfer", "left"),
}
SERVING: Final = {
    **CURRENT,
    "state": "serving",
    "started_at": NOW,
    "calls": 2,
    "doing": "Chứng thực bản sao từ bản chính",
    "moves": ("finish", "park", "transfer"),
    "channel": "walk_in",
    "appointment_at": None,
    "priority": "Người cao tuổi",
    "citizen_name": LONG,
    "procedure_name": LONG_PROCEDURE,
}
WRONG: Final = {"kind": "wrong", "text": "Số A102 đã do quầy 2 gọi."}
TOLD: Final = {"kind": "info", "text": "Đã gọi A103."}
DESKS: Final = {
    "idle": IDLE,
    "called": {**IDLE, "current": CURRENT, "can_call": False, "notice": TOLD},
    "serving": {
        **IDLE,
        "current": SERVING,
        "can_call": False,
        "p80_minutes": 22,
        "procedures": [
            {"code": "2.000815", "name": "Chứng thực bản sao từ bản chính"},
            {"code": "1.001193", "name": LONG_PROCEDURE},
        ],
    },
    "refused": {**IDLE, "notice": WRONG},
    "paused": {**IDLE, "can_call": False, "counter": {"name": "Quầy 3", "state": "paused"}},
    "empty": {
        **IDLE,
        "lists": EMPTY_LISTS,
        "waiting_count": 0,
        "p50_minutes": None,
        "p80_minutes": None,
        "counter": {"name": "Quầy 3", "state": "closed"},
        "can_call": False,
    },
}
CONSOLE: Final = {
    **STAFF_PAGE,
    "stream_url": "/console/counters/3/stream",
    "workspace_url": "/console/counters/3/workspace",
    "devices_url": "/console/devices",
    "devices": [],
    "alarms_url": "/console/alarms",
    "standby_url": "/console/standby",
    "alarm_notice": None,
    "alarms": [],
}
ALARMS: Final = {
    "csrf_token": "a-token",
    "alarms_url": "/console/alarms",
    "standby_url": "/console/standby",
    "alarm_notice": LONG,
    "alarms": [
        {
            "where": LONG,
            "words": "Số A112 đã chờ 16 phút, quá mục tiêu 15 phút. Còn quầy chưa mở.",
            "since": NOW - timedelta(minutes=6),
            "ideas": ["Mở Quầy 2", LONG],
            "standby": [{"shift": "s1", "counter": "c2", "label": "Điều động dự phòng: Phạm Thị Hoa"}],
        },
        {"where": "Tư pháp", "words": "…", "since": NOW, "ideas": [], "standby": []},
    ],
}
SILENT: Final = [
    {"kind": "kiosk", "label": "Sảnh tầng 1", "last_heard_at": NOW - timedelta(minutes=4)},
    {"kind": "board", "label": LONG, "last_heard_at": None},
    {"kind": "board", "label": "", "last_heard_at": NOW - timedelta(days=1)},
]


def call(
    number: str, counter: str, *, state: str = "called", calls: int = 1, priority: bool = False
) -> dict[str, Any]:
    clips = voice.call(number=number, counter=3, priority=priority) if state == "called" else ()
    return {
        "number": number,
        "counter": counter,
        "state": state,
        "calls": calls,
        "priority": priority,
        "called_at": NOW,
        "voice": clips,
    }


BOARD: Final[dict[str, Any]] = {
    "centre_name": CENTRE,
    "revision": 812,
    "as_of": NOW,
    "called": [
        call("A103", "Quầy 3"),
        call("B014", "Quầy 6", calls=2, priority=True),
        call("A102", "Quầy 1", state="serving"),
        call("C007", "Quầy 10", state="serving"),
    ],
    "recent": [call(f"A{n}", f"Quầy {1 + n % 4}") for n in range(96, 102)],
    "pools": [
        {"name": "Tư pháp – hộ tịch – chứng thực", "waiting": 12, "p50_minutes": 8, "p80_minutes": 14},
        {"name": "Cư trú – xã hội", "waiting": 3, "p50_minutes": 4, "p80_minutes": 9},
        {"name": "Đất đai", "waiting": 0, "p50_minutes": None, "p80_minutes": None},
    ],
    "waiting": 15,
}
BOARD_PAGE: Final = {
    "here": "/boards/c1",
    "branding": BRANDING,
    "now": NOW,
    "stream_url": "/boards/c1/stream",
    "snapshot_url": "/boards/c1/now",
    "clips": {},
}
BOARDS: Final = {
    "typical": BOARD,
    "one": {**BOARD, "called": BOARD["called"][:1]},
    "empty": {**BOARD, "called": [], "recent": [], "pools": [], "waiting": 0},
    "long": {
        **BOARD,
        "called": [call(f"A{n}", "Quầy 10 Tiếp nhận và trả kết quả") for n in range(110, 116)],
        "pools": [
            {"name": LONG_PROCEDURE, "waiting": 1212, "p50_minutes": 88, "p80_minutes": 144},
            *BOARD["pools"],
        ],
    },
}
COUNTERS: Final = [
    {
        "id": f"k{n}",
        "name": f"Quầy {n}",
        "pools": ["Tư pháp – hộ tịch – chứng thực", "Cư trú – xã hội"][: 1 + n % 2],
        "state": ("closed", "open", "paused")[n % 3],
        "officer_name": "Lê Thị Hoa" if n == 2 else None,
        "available": n != 2,
    }
    for n in range(1, 8)
]


def rounds_of_a_day() -> dict[str, Any]:
    """Nine rounds, so that every look of a line is used and one comes again; one courier without a door."""
    duties = []
    for n in range(9):
        doors = [
            Door(
                seq,
                f"NB-7K{n}Q-{seq:02d}",
                "14638",
                ("collection", "delivery", "assisted_online")[seq % 3],
                NOW + timedelta(minutes=20 * seq),
                NOW,
                NOW + timedelta(hours=2),
                LONG if seq == 3 else "Đã giao bưu tá",
                ("done", "now", "next", "vain")[(n + seq) % 4],
                20.1 + math.sin(n * 7 + seq) / 9,
                106.0 + math.cos(n * 3 + seq * 2) / 7,
            )
            for seq in range(1, 6)
        ]
        office = Place(20.1 + n / 90, 106.0 + n / 80)
        duties.append(
            Round("Tú", f"BT-{n}", NOW, NOW + timedelta(hours=4), "published", office, doors, n % STYLES)
        )
    idle = Round("Mai", "BT-9", NOW, NOW + timedelta(hours=4), "planned", Place(20.1, 106.0), [])
    tracks = [
        Track(each.depot, [Place(d.lat, d.lon, str(d.sequence), d.tone) for d in each.doors])
        for each in duties
    ]
    return {
        "day": NOW.date(),
        "as_of": NOW,
        "rounds_url": "/rounds",
        "doors_count": 45,
        "done_count": 12,
        "drawing": draw(tracks),
        "duties": [*duties, idle],
        "at_risk": [duties[0].doors[0]._replace(because="shift_changed")],
        "communes": {"14329": "Phường Hoa Lư", "14638": "Xã Kim Sơn"},
        "closures": [
            ClosedArea("flood", ["14638", "14641"], None, NOW, NOW + timedelta(days=2), LONG, None),
            ClosedArea("road", [], (20.11, 106.12, 2.5), NOW, NOW + timedelta(hours=5), "Cầu yếu", NOW),
        ],
    }


def cases() -> list[Case]:
    """Every page of ours in every state worth looking at."""
    staff: list[tuple[str, str, Mapping[str, Any]]] = [
        ("console/sign_in.html", "typical", STAFF_SIGN_IN),
        (
            "console/sign_in.html",
            "wrong",
            {**STAFF_SIGN_IN, "errors": error("username", "Tên đăng nhập hoặc mật khẩu chưa đúng")},
        ),
        *(
            (
                "console/choose_counter.html",
                state,
                {
                    **STAFF_PAGE,
                    "centre_name": CENTRE,
                    "counters": counters,
                    "action": "/console/counter",
                    "errors": errors,
                },
            )
            for state, counters, errors in (
                ("typical", COUNTERS, []),
                ("empty", [], []),
                ("wrong", COUNTERS, error("counter", "Quầy này đã có người")),
            )
        ),
        *(("console/index.html", state, {**CONSOLE, "desk": desk}) for state, desk in DESKS.items()),
        ("console/index.html", "silent", {**CONSOLE, "desk": IDLE, "devices": SILENT}),
        ("console/index.html", "alarms", {**CONSOLE, **ALARMS, "desk": IDLE}),
        *(("board/index.html", state, {**BOARD_PAGE, "board": board}) for state, board in BOARDS.items()),
    ]
    staff += [
        ("rounds/index.html", "typical", {**STAFF_PAGE, **rounds_of_a_day()}),
        (
            "rounds/index.html",
            "empty",
            {
                **STAFF_PAGE,
                **rounds_of_a_day(),
                "duties": [],
                "at_risk": [],
                "communes": {},
                "closures": [],
                "drawing": draw([]),
            },
        ),
    ]
    staff += wording_cases(STAFF_PAGE)
    fragments: list[tuple[str, str, Mapping[str, Any]]] = [
        ("console/_workspace.html", "idle", {"csrf_token": "a-token", "desk": IDLE}),
        ("console/_devices.html", "typical", {"devices": SILENT}),
        ("console/_alarms.html", "typical", ALARMS),
        ("console/_alarms.html", "empty", {**ALARMS, "alarms": [], "alarm_notice": None}),
        ("console/_devices.html", "empty", {"devices": []}),
        ("board/_now.html", "typical", {"board": BOARD}),
        (
            "docs.html",
            "typical",
            {
                "contract_url": "/openapi.json",
                "contracts": [{"name": "citizen", "url": "/openapi/citizen.json"}],
            },
        ),
    ]
    return [
        *citizen_cases(),
        *(Case(name, state, context) for name, state, context in staff),
        *(Case(name, state, context) for name, state, context in fragments),
    ]
