"""OSRM's table service, version 1: `GET /table/v1/{profile}/{lon,lat;…}?sources=…&destinations=…`."""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import httpx
import msgspec
import structlog

log: Final = structlog.get_logger(__name__)

TIMEOUT_S: Final = 0.8
# The engine's own default limit is 100 coordinates; each way needs two.
WAYS_AT_ONCE: Final = 40
FAILURES_BORNE: Final = 3


class Way(NamedTuple):
    """From one point to another, in degrees."""

    lat: float
    lon: float
    to_lat: float
    to_lon: float


Duration = Annotated[float, msgspec.Meta(ge=0)]


class _Table(msgspec.Struct):
    code: str
    durations: list[list[Duration | None]] = []


class Osrm:
    """One engine for one night: after `FAILURES_BORNE` failures in a row it is not asked again."""

    def __init__(self, client: httpx.AsyncClient, base_url: str, *, profile: str = "driving") -> None:
        self._client = client
        self._base = f"{base_url.rstrip('/')}/table/v1/{profile}/"
        self._failures = 0

    @property
    def is_open(self) -> bool:
        """Whether it is worth asking."""
        return self._failures < FAILURES_BORNE

    async def seconds(self, ways: Sequence[Way]) -> list[float | None]:
        """What each way takes by road; None where the engine knows no road or did not answer."""
        found: list[float | None] = []
        for start in range(0, len(ways), WAYS_AT_ONCE):
            some = ways[start : start + WAYS_AT_ONCE]
            found += await self._ask(some) if self.is_open else [None] * len(some)
        return found

    async def _ask(self, ways: Sequence[Way]) -> list[float | None]:
        points = [f"{way.lon:.6f},{way.lat:.6f}" for way in ways]
        points += [f"{way.to_lon:.6f},{way.to_lat:.6f}" for way in ways]
        half = len(ways)
        params = {
            "sources": ";".join(str(n) for n in range(half)),
            "destinations": ";".join(str(n) for n in range(half, 2 * half)),
            "annotations": "duration",
        }
        try:
            answer = await self._client.get(self._base + ";".join(points), params=params, timeout=TIMEOUT_S)
            table = msgspec.json.decode(answer.content, type=_Table)
        except (httpx.HTTPError, msgspec.DecodeError, UnicodeDecodeError) as reason:
            return self._failed(half, type(reason).__name__)
        whole = len(table.durations) == half and all(len(line) == half for line in table.durations)
        if answer.status_code != httpx.codes.OK or table.code != "Ok" or not whole:
            return self._failed(half, table.code[:40])
        self._failures = 0
        return [table.durations[n][n] for n in range(half)]

    def _failed(self, ways: int, reason: str) -> list[float | None]:
        self._failures += 1
        log.warning("road_engine_failed", reason=reason, in_a_row=self._failures)
        return [None] * ways
