"""What a system must do with item numbers of the post (UPU S10; COURIER.md 5.7)."""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

from app.core.errors import Words
from app.custody import s10
from partners.postal.kit.seen import Report, Seen
from partners.postal.kit.verdicts import PASS, Check, Verdict, passes_unless, skip

ITEM_NUMBERS: Final = "/v1/partner/item-numbers"
REUSED: Final = "reused_number"
NO_STOCK: Final = skip(
    "Hệ thống không nộp kho mã bưu gửi nào (POST /v1/partner/item-numbers).",
    "The system gave no item numbers (POST /v1/partner/item-numbers).",
)
NO_ITEMS: Final = skip(
    "Không báo cáo niêm phong nào mang mã bưu gửi.", "No sealing was reported with an item number."
)


def _given(seen: Seen) -> list[str]:
    """Every number that was offered as stock, as it was written."""
    bodies = [c.body for c in seen.calls if c.method == "POST" and c.path == ITEM_NUMBERS]
    lists = [body.get("numbers") for body in bodies if isinstance(body, dict)]
    return [str(number) for numbers in lists if isinstance(numbers, list) for number in numbers]


def _sealed(seen: Seen) -> list[Report]:
    return [report for report in seen.reports() if report.type == "sealed" and report.data.get("item")]


def _item(report: Report) -> str:
    return s10.plain(str(report.data["item"]))


def _where_used(judge: Callable[[Seen, list[Report]], Verdict]) -> Callable[[Seen], Verdict]:
    """Who uses no item numbers has nothing to be judged by."""

    def judged(seen: Seen) -> Verdict:
        reports = _sealed(seen)
        if not reports:
            return NO_ITEMS if _given(seen) else NO_STOCK
        return judge(seen, reports)

    return judged


def _check_digits(seen: Seen) -> Verdict:
    numbers = [*_given(seen), *(_item(report) for report in _sealed(seen))]
    if not numbers:
        return NO_STOCK
    wrong = [number for number in numbers if s10.read(number) is None or s10.is_mistyped(number)]
    return passes_unless(
        wrong,
        "{first}: không phải mã S10 hoặc sai chữ số kiểm tra ({count} mã).",
        "{first}: not an S10 number, or a wrong check digit ({count} numbers).",
    )


def _from_stock(seen: Seen, reports: list[Report]) -> Verdict:
    """A number nobody gave us may be bound elsewhere already: Motcua could not know."""
    stock = {s10.plain(number) for number in _given(seen)}
    wrong = [_item(report) for report in reports if _item(report) not in stock]
    return passes_unless(
        wrong,
        "Mã {first} không thuộc kho mã đã nộp trước.",
        "{first} is not of the stock that was given before.",
    )


def _once(seen: Seen, reports: list[Report]) -> Verdict:
    """Of the visits the kit gave numbers to as Motcua does; the visit with a used one is judged apart."""
    tasks: dict[str, set[str]] = defaultdict(set)
    apart = seen.tasks[REUSED].id if REUSED in seen.tasks else None
    for report in reports:
        if report.task_id != apart:
            tasks[_item(report)].add(report.task_id)
    wrong = [number for number, sealed in tasks.items() if len(sealed) > 1]
    return passes_unless(
        wrong,
        "Mã {first} được gắn cho nhiều túi; mỗi mã chỉ dùng một lần.",
        "{first} is on several packages; a number is bound once, ever.",
    )


def _of_the_visit(seen: Seen, reports: list[Report]) -> Verdict:
    """The number the event gave: what the citizen follows is what is on the bag."""
    wrong = [
        f"{_item(report)} ≠ {seen.numbers[report.task_id]}"
        for report in reports
        if report.task_id in seen.numbers and _item(report) != seen.numbers[report.task_id]
    ]
    return passes_unless(
        wrong,
        "{first}: không phải mã đã gắn cho lượt này.",
        "{first}: not the number that was bound to this visit.",
    )


def _refused_when_reused(seen: Seen) -> Verdict:
    told = seen.tasks.get(REUSED)
    if told is None:
        return NO_ITEMS if _given(seen) else NO_STOCK
    used = seen.numbers[told.id]
    if any(report.task_id == told.id and _item(report) == used for report in _sealed(seen)):
        return passes_unless(
            [used],
            "Mã {first} đã có trên túi khác mà vẫn được dán lên túi thứ hai.",
            "{first} was on another package already, and was put on a second one.",
        )
    return PASS


CHECKS: Final = (
    Check(
        "item-numbers-have-their-check-digit",
        Words("Mã bưu gửi đúng chữ số kiểm tra (UPU S10)", "Item numbers have their check digit (UPU S10)"),
        _check_digits,
    ),
    Check(
        "item-numbers-come-from-the-stock",
        Words("Chỉ dùng mã thuộc kho đã nộp", "Only numbers of the stock that was given are used"),
        _where_used(_from_stock),
    ),
    Check(
        "item-numbers-are-bound-once",
        Words("Mỗi mã bưu gửi một túi", "An item number is on one package, ever"),
        _where_used(_once),
    ),
    Check(
        "item-number-is-the-visits-own",
        Words("Túi mang mã Motcua đã gắn cho lượt", "A package bears the number Motcua bound to its visit"),
        _where_used(_of_the_visit),
    ),
    Check(
        "used-item-number-is-refused",
        Words(
            "Mã đã có trên túi khác thì không dán lần nữa",
            "A number that is on another package is not put on a second one",
        ),
        _refused_when_reused,
    ),
)
