"""The drawing of a day: everything inside it, north up, kilometres alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.pages.rounds_map import MARGIN, STYLES, WIDTH, Place, Track, draw

PLACES = some.builds(Place, some.floats(19.6, 21.0), some.floats(105.3, 106.8), some.text(max_size=3))
TRACKS = some.lists(some.builds(Track, PLACES, some.lists(PLACES, max_size=6)), max_size=12)
SLACK = 0.1


@given(TRACKS)
def test_everything_lies_inside(tracks: list[Track]) -> None:
    found = draw(tracks)

    assert len(found.lines) == len(tracks)
    assert max(found.width, found.height) == pytest.approx(WIDTH, abs=SLACK)
    for line, track in zip(found.lines, tracks, strict=True):
        assert [dot.label for dot in line.dots] == [door.label for door in track.doors]
        assert 0 <= line.style < STYLES
        assert len(line.points.split()) == (len(track.doors) + 2 if track.doors else 0)
        for dot in (line.depot, *line.dots):
            assert MARGIN - SLACK <= dot.x <= found.width - MARGIN + SLACK
            assert MARGIN - SLACK <= dot.y <= found.height - MARGIN + SLACK


def test_north_is_up_and_east_is_right() -> None:
    here, north, east = Place(20.1, 106.0), Place(20.2, 106.0), Place(20.1, 106.1)
    (line,) = draw([Track(here, [north, east])]).lines
    above, beside = line.dots
    assert above.y < line.depot.y == beside.y
    assert line.depot.x == above.x < beside.x


def test_a_kilometre_is_as_long_either_way() -> None:
    here, north, east = Place(20.0, 106.0), Place(20.1, 106.0), Place(20.0, 106.0 + 0.1 / 0.9397)
    (line,) = draw([Track(here, [north, east])]).lines
    up, right = line.depot.y - line.dots[0].y, line.dots[1].x - line.depot.x
    assert up == pytest.approx(right, rel=0.01)
