"""A road engine that runs on your laptop: OSRM's table service over real HTTP, faults included.

Its roads are straight lines times a detour that grows towards the west, where the hills are, driven at one
speed. `faults` are taken one per request: `slow` answers after the client has left, `error` is a 500,
`garbage` no JSON, `refuse` an error of the service, `null` knows no road, `absurd` answers in days.
"""

import contextlib
import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from geopy.distance import great_circle

TABLE: Final = re.compile(r"/table/v1/[a-z]+/([-0-9.,;]+)")
MOST_COORDINATES: Final = 100
METRES_PER_SECOND: Final = 25 / 3.6
DELTA_EAST_OF: Final = 105.95
HILL_DETOUR, DELTA_DETOUR = 1.95, 1.43
ABSURD_S: Final = 9e5


class OsrmEmulator(ThreadingHTTPServer):
    """One engine; `requests` counts what it was asked."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.faults: deque[str] = deque()
        self.requests = 0
        self.closing = threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def road_seconds(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """What this engine thinks of a way."""
    detour = DELTA_DETOUR if min(lon, to_lon) >= DELTA_EAST_OF else HILL_DETOUR
    return float(great_circle((lat, lon), (to_lat, to_lon)).m) * detour / METRES_PER_SECOND


class _Handler(BaseHTTPRequestHandler):
    server: OsrmEmulator
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Quiet."""

    def do_GET(self) -> None:
        self.server.requests += 1
        fault = self.server.faults.popleft() if self.server.faults else ""
        parts = urlsplit(self.path)
        found = TABLE.fullmatch(parts.path)
        if fault == "slow":
            self.server.closing.wait()
            self.close_connection = True
        elif fault == "error":
            self._json(500, {"message": "Internal Server Error"})
        elif fault == "garbage":
            self._send(200, b"<html>\xff")
        elif fault == "refuse":
            self._json(400, {"code": "NoSegment", "message": "Could not find a matching segment."})
        elif found is None:
            self._json(400, {"code": "InvalidUrl", "message": "URL string malformed."})
        else:
            self._table(found[1], parse_qs(parts.query), fault)

    def _table(self, coordinates: str, asked: dict[str, list[str]], fault: str) -> None:
        try:
            points = [
                (float(lat), float(lon)) for lon, lat in (c.split(",") for c in coordinates.split(";"))
            ]
            sources = [points[int(n)] for n in asked["sources"][0].split(";")]
            destinations = [points[int(n)] for n in asked["destinations"][0].split(";")]
        except (ValueError, KeyError, IndexError):
            self._json(400, {"code": "InvalidQuery", "message": "Query string malformed."})
            return
        if len(points) > MOST_COORDINATES:
            self._json(400, {"code": "TooBig", "message": "Too many table coordinates."})
            return
        durations: list[list[float | None]] = [
            [round(road_seconds(*here, *there), 1) for there in destinations] for here in sources
        ]
        if fault in ("null", "absurd"):
            durations = [[None if fault == "null" else ABSURD_S for _ in line] for line in durations]
        self._json(200, {"code": "Ok", "durations": durations})

    def _json(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def running_road_engine(port: int = 0) -> Iterator[OsrmEmulator]:
    """Answers until the block ends."""
    engine = OsrmEmulator(port)
    thread = threading.Thread(target=engine.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        engine.closing.set()
        engine.shutdown()
        engine.server_close()
        thread.join()
