"""Receipt books: whose number it is, what is void, what is missing; and the money is booked in any case."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from app.core.clock import local_date
from app.core.database import DB
from app.home_service.queries import HomeVisitRow
from app.http.principals import Caller
from app.payments import books, cases, operations
from app.payments.books import BookFile
from app.payments.errors import ReceiptBooksOverlap, ReceiptBookWithAnother
from app.payments.rules import Purse, Void, read_receipt
from app.rounds.queries import CourierRow
from tests.conftest import SignedIn
from tests.home_service.conftest import PARTNER, Zone, ask
from tests.payments.conftest import FEE, STATUS, balances, bill, day_of, fee, money, reasons, settled, tell

SignIn = Callable[..., Awaitable[SignedIn]]
SCOPES = frozenset({"settlements:read", "settlements:write"})
URL = "/v1/partner/receipt-books"
# The first and the last number, one before and one after.
NUMBERS = [("0000101", None), ("0000150", None), ("0000100", "outside"), ("0000151", "outside")]


@pytest.fixture
async def post_office(sign_in: SignIn) -> SignedIn:
    return await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=SCOPES)


async def register(
    name: str, now: Any, *, first: str = "0000101", last: str = "0000150", issuer: uuid.UUID = PARTNER
) -> BookFile:
    return await books.put_book(
        issuer_id=issuer, name=name, series="AA/26P", first=first, last=last, now=now
    )


async def hand_out(name: str, courier: str, since: date, now: Any, until: date | None = None) -> BookFile:
    return await books.hand_out(
        issuer_id=PARTNER, name=name, courier=courier, since=since, until=until, now=now
    )


@pytest.fixture
async def book(visit: HomeVisitRow, tu: CourierRow, now: Any) -> BookFile:
    """Tú has numbers 101 to 150 of AA/26P from today on."""
    await register("Q-1", now)
    return await hand_out("Q-1", "tu", local_date(now), now)


async def held(visit: HomeVisitRow) -> int:
    """State fees in couriers' hands."""
    return sum(
        amount
        for (purse, kind, _), amount in (await balances()).items()
        if (purse, kind) == ("state", "courier")
    )


async def day_seen(client: httpx.AsyncClient, post_office: SignedIn, visit: HomeVisitRow) -> dict[str, Any]:
    answer = await client.get(f"/v1/partner/settlements/{day_of(visit)}", headers=post_office.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("receipt", "read"),
    [
        ("AA/26P-0000123", ("AA/26P", 123)),
        ("aa/26p-123", ("AA/26P", 123)),
        ("AA/26P0000123", ("AA/26P", 123)),
        ("0000123", ("", 123)),
        ("AA26-0000123", ("AA26", 123)),
        ("AA/26P", None),
        ("9" * 12, ("99", 9_999_999_999)),
    ],
)
def test_a_number_is_read_as_it_is_printed(receipt: str, read: tuple[str, int] | None) -> None:
    assert read_receipt(receipt) == read


async def test_what_was_told_before_books_is_read_the_same_by_the_migration(database: object) -> None:
    told = ["AA/26P-0000123", "aa/26p-123", "AA/26P0000123", "0000123", "AA26-0000123", "AA/26P", "9" * 12]
    assert DB.pool is not None
    for receipt in told:
        row = await DB.pool.fetchrow(
            "SELECT upper((regexp_match($1, '^(.*?)[-/.]?([0-9]{1,10})$'))[1]) AS series,"
            " (regexp_match($1, '^(.*?)[-/.]?([0-9]{1,10})$'))[2]::bigint AS serial",
            receipt,
        )
        assert (None if row["serial"] is None else tuple(row)) == read_receipt(receipt)


@pytest.mark.parametrize(("number", "wrong"), NUMBERS)
async def test_a_number_of_the_couriers_own_book_is_right_and_any_other_a_case(
    visit: HomeVisitRow, book: BookFile, number: str, wrong: str | None
) -> None:
    answer = await tell(fee(visit, FEE, receipt=f"AA/26P-{number}"))

    assert answer.reason == (wrong and "receipt_outside_range")
    assert await held(visit) == FEE
    assert [c.kind for c in await cases.of_visit(visit.id)] == (["receipt_outside_range"] if wrong else [])


async def test_without_books_no_number_is_out_of_place(
    visit: HomeVisitRow, tu: CourierRow, now: Any
) -> None:
    await register("theirs", now, issuer=uuid.uuid4())

    answer = await tell(fee(visit, FEE, receipt="ZZ-1"))

    assert answer.reason is None
    assert (await settled(day_of(visit))).numbers == []


async def test_a_number_of_a_colleague_is_a_case_and_the_money_is_booked(
    visit: HomeVisitRow, book: BookFile, hire: Any, now: Any
) -> None:
    await hire("ha")
    await register("Q-2", now, first="0000201", last="0000250")
    await hand_out("Q-2", "ha", local_date(now), now)

    answer = await tell(fee(visit, FEE, receipt="AA/26P-0000203"))

    assert answer.reason == "receipt_of_another"
    assert await held(visit) == FEE
    assert ("receipt_of_another", "state", FEE) in reasons(await settled(day_of(visit)))


async def test_a_book_handed_back_the_day_before_is_the_couriers_no_more(
    visit: HomeVisitRow, book: BookFile, now: Any
) -> None:
    await hand_out("Q-1", "tu", local_date(now), now, until=day_of(visit) - timedelta(days=1))

    answer = await tell(fee(visit, FEE, receipt="AA/26P-0000101"))

    assert answer.reason == "receipt_outside_range"


async def test_one_number_typed_in_two_ways_is_one_number(
    visit: HomeVisitRow, zone: Zone, book: BookFile, now: Any
) -> None:
    other = await ask(zone, now, procedure_codes=[STATUS])
    await tell(fee(visit, FEE, receipt="AA/26P-0000101"))

    answer = await tell(fee(other, FEE, receipt="aa/26p-101"))

    assert answer.reason == "receipt_reused"
    assert await held(visit) == 2 * FEE


async def test_a_spoiled_number_is_void_and_money_under_it_is_a_case(
    visit: HomeVisitRow, zone: Zone, book: BookFile, now: Any
) -> None:
    other = await ask(zone, now, procedure_codes=[STATUS])
    await tell(fee(visit, FEE, receipt="AA/26P-0000102", spoiled=["AA/26P-0000101"]))

    answer = await tell(fee(other, FEE, receipt="AA/26P-0000101"))
    again = await tell(fee(other, FEE, receipt="AA/26P-0000101", event_id=uuid.uuid4()))

    assert answer.reason == "receipt_void"
    assert again.reason == "receipt_reused"
    assert await held(visit) == 2 * FEE
    assert (await bill(other)).owed(Purse.STATE) == 0
    assert [(c.kind, c.amount_vnd) for c in await cases.of_visit(other.id)] == [("receipt_void", FEE)]


async def test_a_used_number_that_is_told_as_spoiled_is_a_case_about_its_payment(
    visit: HomeVisitRow, zone: Zone, book: BookFile, now: Any
) -> None:
    other = await ask(zone, now, procedure_codes=[STATUS])
    await tell(fee(visit, FEE, receipt="AA/26P-0000101"))

    spoiled = {"amount": 0, "kind": "state", "spoiled": ["AA/26P-0000101"]}
    answers = [await tell(money(other, 6 + n, spoiled, event_id=uuid.uuid4())) for n in range(2)]

    assert [answer.reason for answer in answers] == ["receipt_void", None]
    assert [c.kind for c in await cases.of_visit(visit.id)] == ["receipt_void"]


async def test_money_under_a_paper_that_frees_nothing_is_booked_all_the_same(visit: HomeVisitRow) -> None:
    answer = await tell(fee(visit, FEE, waiver="NOBODY"))

    assert answer.reason == "waiver_unknown"
    assert await held(visit) == FEE


async def test_a_day_names_what_was_used_what_is_void_and_what_is_missing(
    visit: HomeVisitRow,
    zone: Zone,
    book: BookFile,
    client: httpx.AsyncClient,
    post_office: SignedIn,
    now: Any,
) -> None:
    other = await ask(zone, now, procedure_codes=[STATUS])
    await tell(fee(visit, FEE, receipt="AA/26P-0000102", spoiled=["AA/26P-0000103"]))
    await tell(fee(other, FEE, receipt="AA/26P-0000107"))

    [courier] = (await day_seen(client, post_office, visit))["couriers"]
    assert courier["receipts"] == [
        {
            "book": "Q-1",
            "series": "AA/26P",
            "used": ["0000102", "0000107"],
            "void": ["0000103"],
            "gaps": [
                {"first": "0000101", "last": "0000101", "count": 1},
                {"first": "0000104", "last": "0000106", "count": 3},
            ],
        }
    ]

    late = await ask(zone, now, procedure_codes=[STATUS])
    await tell(fee(late, FEE, receipt="AA/26P-0000105"))
    [courier] = (await day_seen(client, post_office, visit))["couriers"]
    assert [gap["first"] for gap in courier["receipts"][0]["gaps"]] == ["0000101", "0000104", "0000106"]


async def test_a_book_is_registered_handed_out_and_voided_over_http_and_twice_is_once(
    visit: HomeVisitRow, tu: CourierRow, client: httpx.AsyncClient, post_office: SignedIn, now: Any
) -> None:
    today = local_date(now).isoformat()
    body = {"series": "aa/26p", "first": "0000101", "last": "0000150"}
    expected = {
        "book": "Q-1",
        "series": "AA/26P",
        "first": "0000101",
        "last": "0000150",
        "used": 0,
        "void": 0,
        "holders": [],
    }
    for _ in range(2):
        made = await client.put(f"{URL}/Q-1", json=body, headers=post_office.headers)
        assert (made.status_code, made.json()) == (200, expected), made.text
    for _ in range(2):
        given = await client.put(
            f"{URL}/Q-1/holders/{today}", json={"courier": "tu"}, headers=post_office.headers
        )
        assert given.status_code == 200, given.text
    for _ in range(2):
        void = await client.put(
            f"{URL}/Q-1/void/103", json={"reason": "lost", "date": today}, headers=post_office.headers
        )
        assert void.json() == {"receipt": "AA/26P-0000103", "reason": "lost", "date": today, "used": False}

    [listed] = (await client.get(URL, headers=post_office.headers)).json()["items"]

    holders = [{"courier": "tu", "valid_from": today, "valid_to": None}]
    assert listed == expected | {"void": 1, "holders": holders}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/Q-9", {"series": "AA/26P", "first": "0000150", "last": "0000160"}, 409, "receipt_books_overlap"),
        ("/Q-9", {"series": "aa/26p", "first": "1", "last": "9999999999"}, 422, "receipt_book_not_valid"),
        ("/Q-9", {"series": "BB", "first": "2", "last": "1"}, 422, "receipt_book_not_valid"),
        ("/Q-9", {"series": "BB", "first": "x", "last": "1"}, 422, "invalid_value"),
        ("/Q-9", {"series": "B B", "first": "1", "last": "2"}, 422, "invalid_value"),
        ("/Q-9", {"series": "BB", "first": "1", "last": "2" * 11}, 422, "invalid_value"),
        ("/Q-1", {"series": "AA/26P", "first": "0000102", "last": "0000150"}, 409, "receipt_book_in_use"),
        ("/Q-1", {"series": "BB", "first": "0000101", "last": "0000150"}, 409, "receipt_book_in_use"),
        ("/Q-9/holders/2030-01-01", {"courier": "tu"}, 404, "receipt_book_not_found"),
        ("/Q-1/holders/2030-01-01", {"courier": "nobody"}, 404, "courier_not_found"),
        ("/Q-1/holders/2030-01-01", {"courier": "tu"}, 409, "receipt_book_with_another"),
        (
            "/Q-1/holders/2030-01-02",
            {"courier": "tu", "valid_to": "2030-01-01"},
            422,
            "receipt_book_days_not_valid",
        ),
        ("/Q-1/holders/0001-01-01", {"courier": "tu"}, 422, "invalid_value"),
        ("/Q-1/void/0000151", {"reason": "lost", "date": "2026-01-01"}, 422, "receipt_outside_book"),
        ("/Q-1/void/x", {"reason": "lost", "date": "2026-01-01"}, 422, "receipt_outside_book"),
        ("/Q-1/void/%C2%B2", {"reason": "lost", "date": "2026-01-01"}, 422, "receipt_outside_book"),
        ("/Q-1/void/0000101", {"reason": "stolen", "date": "2026-01-01"}, 422, "invalid_value"),
        ("/Q-1/void/0000101", {"reason": "lost", "date": "2099-01-01"}, 422, "day_not_yet"),
        ("/" + "Q" * 41, {"series": "BB", "first": "1", "last": "2"}, 404, "receipt_book_not_found"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    visit: HomeVisitRow,
    book: BookFile,
    client: httpx.AsyncClient,
    post_office: SignedIn,
    path: str,
    body: dict[str, Any],
    status: int,
    code: str,
) -> None:
    await tell(fee(visit, FEE, receipt="AA/26P-0000101"))
    before = await books.of_issuer(PARTNER)

    answer = await client.put(f"{URL}{path}", json=body, headers=post_office.headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await books.of_issuer(PARTNER) == before


async def test_another_partner_sees_no_book_and_changes_none(
    book: BookFile, client: httpx.AsyncClient, sign_in: SignIn, now: Any
) -> None:
    stranger = await sign_in(Caller.PARTNER, scopes=SCOPES)
    today = local_date(now).isoformat()

    listed = await client.get(URL, headers=stranger.headers)
    handed = await client.put(
        f"{URL}/Q-1/holders/{today}", json={"courier": "tu"}, headers=stranger.headers
    )
    void = await client.put(
        f"{URL}/Q-1/void/0000101", json={"reason": "lost", "date": today}, headers=stranger.headers
    )

    assert listed.json()["items"] == []
    assert (handed.status_code, void.status_code) == (404, 404)
    assert [file.void for file in await books.of_issuer(PARTNER)] == [0]


async def test_reading_money_is_not_registering_books(
    client: httpx.AsyncClient, sign_in: SignIn, tu: CourierRow
) -> None:
    reader = await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=frozenset({"settlements:read"}))

    answer = await client.put(
        f"{URL}/Q-1", json={"series": "BB", "first": "1", "last": "2"}, headers=reader.headers
    )

    assert answer.status_code == 403


async def test_a_grown_book_is_whose_it_was(visit: HomeVisitRow, book: BookFile, now: Any) -> None:
    await tell(fee(visit, FEE, receipt="AA/26P-0000101"))

    grown = await register("Q-1", now, last="0000200")

    assert (grown.used, len(grown.holders)) == (1, 1)


async def test_postgresql_keeps_books_and_holders_apart(
    book: BookFile, tu: CourierRow, hire: Any, now: Any
) -> None:
    await hire("ha")
    with pytest.raises(ReceiptBooksOverlap):
        await register("Q-2", now, first="0000150", last="0000160")
    with pytest.raises(ReceiptBookWithAnother):
        await hand_out("Q-1", "ha", local_date(now) + timedelta(days=3), now)

    assert DB.pool is not None
    with pytest.raises(asyncpg.ExclusionViolationError):
        await DB.pool.execute(
            "INSERT INTO receipt_book SELECT gen_random_uuid(), issuer_id, 'other', series, first_number,"
            " last_number, digits, made_at FROM receipt_book"
        )


async def test_a_day_before_knows_nothing_of_the_numbers_of_the_day_after(
    visit: HomeVisitRow, book: BookFile
) -> None:
    await tell(fee(visit, FEE, receipt="AA/26P-0000105"))

    [before] = (await settled(day_of(visit) - timedelta(days=1))).numbers
    [after] = (await settled(day_of(visit) + timedelta(days=1))).numbers

    assert (before.used, before.gaps) == ([], [])
    assert (after.used, [tuple(gap) for gap in after.gaps]) == ([], [(101, 104)])


@pytest.mark.parametrize("turn", range(4))
async def test_used_and_told_as_void_at_once_is_a_case_whoever_comes_first(
    visit: HomeVisitRow, book: BookFile, now: Any, turn: int
) -> None:
    void = operations.void_receipt(
        partner_id=PARTNER,
        book_name="Q-1",
        number="0000101",
        day=local_date(now),
        because=Void.LOST,
        now=now,
    )
    both = [tell(fee(visit, FEE, receipt="AA/26P-0000101")), void]

    await asyncio.gather(*(both if turn % 2 else reversed(both)))

    assert await held(visit) == FEE
    assert [c.kind for c in await cases.of_visit(visit.id)] == ["receipt_void"]
