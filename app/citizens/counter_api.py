"""What somebody at a counter says about messages, over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.citizens import preferences
from app.citizens.preferences import Account
from app.citizens.rules import Channel
from app.core.phones import InvalidPhone, mask, to_e164
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller
from app.http.problems import problems
from app.identity.errors import PhoneNotAccepted

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)


class CounterChoice(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`messages` `none` leaves codes and what cannot wait; `sms` takes messages again. What is not named
    stays.
    """

    phone: Annotated[str, msgspec.Meta(min_length=8, max_length=20, examples=["0912 345 678"])]
    messages: Literal["sms", "none"] | None = None
    surveys: bool | None = None

    def e164(self) -> str:
        try:
            return to_e164(self.phone)
        except InvalidPhone:
            raise PhoneNotAccepted from None

    def changes(self) -> dict[str, Any]:
        """As fields of `Preferences`."""
        found: dict[str, Any] = {}
        if self.messages is not None:
            found["channel"] = Channel(self.messages)
        if self.surveys is not None:
            found["surveys"] = self.surveys
        return found


class CounterChoiceView(msgspec.Struct):
    """What counts for this phone from now on, whether or not it has ever signed in."""

    phone: str
    channel: str
    surveys: bool

    @classmethod
    def of(cls, row: Account) -> "CounterChoiceView":
        chosen = row.preferences
        return cls(mask(row.phone or ""), chosen.channel.value, chosen.surveys)


@post(
    "/v1/staff/message-choices",
    operation_id="chooseMessagesAtCounter",
    summary="Somebody at the counter wants no messages, or wants them again",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(PhoneNotAccepted),
)
async def choose_at_counter(
    data: JSONBody[CounterChoice],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[CounterChoiceView]:
    """Every message to that phone obeys it; the person may change it in the app. Twice changes nothing."""
    return await once(
        CounterChoiceView.of,
        preferences.choose_at_counter(phone=data.e164(), changes=data.changes(), now=now),
    )


counter_choices_router: Final = Router(path="/", route_handlers=[choose_at_counter])
