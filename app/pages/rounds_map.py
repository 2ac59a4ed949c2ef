"""A drawing of a day's rounds without a map of another host's: where doors and post offices lie (pure)."""

import math
from collections.abc import Sequence
from itertools import cycle
from typing import Final, NamedTuple

WIDTH: Final = 960.0
MARGIN: Final = 24.0
# A single door still has a neighbourhood, in degrees.
LEAST_SPAN: Final = 0.02
# Looks a line can have; whoever sees no colours tells them apart by their dashes.
STYLES: Final = 8


class Place(NamedTuple):
    """A door or a post office; `label` stands in it, `tone` says how it stands."""

    lat: float
    lon: float
    label: str = ""
    tone: str = ""


class Track(NamedTuple):
    """One round: from the post office over its doors in their order, and back."""

    depot: Place
    doors: Sequence[Place]


class Dot(NamedTuple):
    x: float
    y: float
    label: str
    tone: str


class Line(NamedTuple):
    """A round as drawn. `points` is what a polyline takes, `style` a number below `STYLES`."""

    style: int
    points: str
    depot: Dot
    dots: Sequence[Dot]


class Drawing(NamedTuple):
    width: float
    height: float
    lines: Sequence[Line]


def draw(tracks: Sequence[Track]) -> Drawing:
    """North is up, a kilometre is as long whichever way it goes, and everything lies inside."""
    places = [place for track in tracks for place in (track.depot, *track.doors)]
    if not places:
        return Drawing(WIDTH, WIDTH / 2, ())
    south, north = _span([place.lat for place in places])
    west, east = _span([place.lon for place in places])
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = (WIDTH - 2 * MARGIN) / max((east - west) * squeeze, north - south)

    def dot(place: Place) -> Dot:
        x = MARGIN + (place.lon - west) * squeeze * scale
        y = MARGIN + (north - place.lat) * scale
        return Dot(round(x, 1), round(y, 1), place.label, place.tone)

    lines = []
    for style, track in zip(cycle(range(STYLES)), tracks, strict=False):
        depot, dots = dot(track.depot), [dot(door) for door in track.doors]
        way = [depot, *dots, depot] if dots else []
        lines.append(Line(style, " ".join(f"{each.x:g},{each.y:g}" for each in way), depot, dots))
    width = 2 * MARGIN + (east - west) * squeeze * scale
    return Drawing(round(width, 1), round(2 * MARGIN + (north - south) * scale, 1), lines)


def _span(values: Sequence[float]) -> tuple[float, float]:
    least, most = min(values), max(values)
    missing = max(0.0, LEAST_SPAN - (most - least)) / 2
    return least - missing, most + missing
