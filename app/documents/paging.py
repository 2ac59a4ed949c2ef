"""Where a page of documents or of readings ended: a moment and an id."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, NamedTuple

import msgspec

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
YEAR_2100_US: Final = 4_102_444_800_000_000


class Position(NamedTuple):
    """Bounded, for it comes back in a cursor a client may have written."""

    at_us: Annotated[int, msgspec.Meta(ge=0, le=YEAR_2100_US)]
    id: uuid.UUID

    @classmethod
    def of(cls, at: datetime, row_id: uuid.UUID) -> "Position":
        return cls((at - EPOCH) // timedelta(microseconds=1), row_id)

    @property
    def at(self) -> datetime:
        return EPOCH + timedelta(microseconds=self.at_us)
