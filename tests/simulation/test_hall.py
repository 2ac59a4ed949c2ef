"""What the simulated day knows of those who went away."""

from datetime import UTC, datetime, timedelta

from app.simulation.hall import Book, Guest
from app.simulation.plan import Visitor

NINE = datetime(2026, 11, 30, 2, tzinfo=UTC)
LAN = Visitor(arrives=NINE, procedure="2.000815", minutes=8, booked=False, shows=True, priority=False)


def test_who_is_away_does_not_wait_and_is_awaited_by_the_session_of_the_agreed_time() -> None:
    back_at = NINE + timedelta(minutes=40)
    book = Book(expected=1, offered=1, accepted=1)
    book.guests["lan"] = Guest(LAN, "A101", back_at, away_until=back_at)

    assert book.figures()["waiting"] == 0
    assert (book.figures()["return_offered"], book.figures()["return_accepted"]) == (1, 1)
    assert book.figures()["away"] == 1
    assert not book.over
    assert book.awaited_before(back_at + timedelta(minutes=1))
    assert not book.awaited_before(back_at)
    assert book.awaited_before(None)
    assert book.last_to_wait == back_at
