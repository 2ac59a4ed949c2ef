"""By which way a message goes, and which follows when it fails (pure)."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from app.citizens.rules import Channel
from notifications.classification import Verdict
from notifications.templates import Category, Template


class Way(StrEnum):
    """A way to a person. `sms` and `brandname` are two providers of SMS; both cost the same segments."""

    SMS = "sms"
    BRANDNAME = "brandname"
    ZALO = "zalo"
    PUSH = "push"
    EMAIL = "email"


OF_SMS: Final = (Way.SMS, Way.BRANDNAME)
# A provider that knows our id of a message sends it once, however often it is told to; of a notice that is
# sent twice the second replaces the first on the screen.
REPEATS_SAFELY: Final = frozenset({Way.BRANDNAME, Way.PUSH})
# How long a receipt is waited for before the next way is tried; other ways prove nothing by a receipt.
RECEIPT_WITHIN: Final[Mapping[Way, timedelta]] = MappingProxyType(
    {Way.ZALO: timedelta(minutes=2), Way.PUSH: timedelta(seconds=30)}
)
# What somebody waits for goes by the next way when this one takes nothing for so long. All else waits out
# an ordinary outage, the less patiently where SMS is still to come.
WAY_WITHIN: Final = timedelta(seconds=30)
WAY_WITHIN_ELSE: Final = timedelta(hours=1)
WAY_WITHIN_BEFORE_SMS: Final = timedelta(minutes=10)
LOOK_AGAIN: Final = timedelta(seconds=1)
# A letter is read in the evening: what is stale by then is no letter.
WORTH_A_LETTER: Final = timedelta(hours=1)
CHOSEN: Final[Mapping[Channel, tuple[Way, ...]]] = MappingProxyType(
    {
        Channel.ZALO: (Way.ZALO,),
        Channel.PUSH: (Way.PUSH,),
        Channel.EMAIL: (Way.EMAIL,),
        Channel.SMS: (),
        Channel.NONE: (),
    }
)

OPEN: Final = frozenset({"ready", "calling", "unknown"})
TAKEN: Final = frozenset({"accepted", "sent"})
FAILED: Final = frozenset({"rejected", "undelivered", "gave_up"})


class Route(NamedTuple):
    """`steps` one after the other until one succeeds; `beside` at once, whatever becomes of them."""

    steps: tuple[Way, ...]
    beside: tuple[Way, ...] = ()


def route(
    template: Template, *, chosen: Channel, reachable: Collection[Way], sms_first: Way = Way.SMS
) -> Route:
    """A code goes by SMS only: it proves who holds the phone. What cannot wait goes by SMS at once, and to
    the app beside it. All else goes the way its reader chose, then the others. A letter is a copy, with the
    appointment for the calendar, unless it was chosen or nothing else is left.
    """
    sms = (sms_first, *(way for way in OF_SMS if way is not sms_first))
    if template.category is Category.OTP:
        return _within(Route(sms), reachable)
    letter = (Way.EMAIL,) if _is_worth_a_letter(template) else ()
    if template.category is Category.URGENT:
        return _within(Route((*sms, Way.ZALO, Way.PUSH, *letter), (Way.PUSH, *letter)), reachable)
    first = CHOSEN[chosen]
    steps = dict.fromkeys((*first, *sms, Way.ZALO, Way.PUSH, *letter))
    copies = () if template.category is Category.NEXT_MORNING else letter
    return _within(Route(tuple(steps), tuple(way for way in copies if way not in first)), reachable)


def _is_worth_a_letter(template: Template) -> bool:
    return template.lifetime >= WORTH_A_LETTER


def _within(wanted: Route, reachable: Collection[Way]) -> Route:
    """What there is of it; a way that is left as the last step is no copy of itself."""
    steps = tuple(way for way in wanted.steps if way in reachable)
    beside = tuple(way for way in wanted.beside if way in reachable)
    # Whatever goes beside has been tried: trying it once more as a later step would tell twice.
    later = tuple(way for way in steps if way not in beside)
    return Route(later, beside) if later else Route(steps)


class Standing(NamedTuple):
    """How a message stands: `waited` since we let it leave, `taken` since the provider has it."""

    state: str
    waited: timedelta
    taken: timedelta | None = None
    verdict: Verdict | None = None


class Next(NamedTuple):
    """`go_on` to the next way now, or look again `after`; neither: this way is the last."""

    go_on: bool = False
    after: timedelta | None = None


DONE: Final = Next()
GO_ON: Final = Next(go_on=True)


def after(way: Way, stands: Standing, *, category: Category) -> Next:
    """Whether the next way is to be tried."""
    if stands.state in OPEN:
        return _not_taken(way, stands, category)
    if stands.state in TAKEN:
        return _taken(way, stands)
    failed = stands.state in FAILED and stands.verdict is not Verdict.FRAUD
    return GO_ON if failed else DONE


def _not_taken(way: Way, stands: Standing, category: Category) -> Next:
    # A code that may have left is not sent a second time: another code can be asked for.
    if category is Category.OTP and stands.state != "ready":
        return DONE
    if category in {Category.OTP, Category.URGENT}:
        patience = WAY_WITHIN
    else:
        patience = WAY_WITHIN_ELSE if way in OF_SMS else WAY_WITHIN_BEFORE_SMS
    left = patience - stands.waited
    return GO_ON if left <= timedelta() else Next(after=max(left, LOOK_AGAIN))


def _taken(way: Way, stands: Standing) -> Next:
    patience = RECEIPT_WITHIN.get(way)
    if patience is None or stands.taken is None:
        return DONE
    left = patience - stands.taken
    return GO_ON if left <= timedelta() else Next(after=left)
