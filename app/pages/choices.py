"""How am I told? One page behind the link of a letter, for whoever reads it; and the mailbox's own button.

What is never chosen away is said on the page: codes, and what cannot wait.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from app.citizens import addresses, emails, preferences
from app.citizens.choices_link import read_choices_token
from app.citizens.errors import AccountNotFound
from app.citizens.preferences import Account
from app.citizens.rules import Channel
from app.core.errors import PreconditionFailed, Words
from app.core.phones import mask
from app.http.access import open_to
from app.http.principals import Caller
from app.http.requests import MotcuaRequest, language_of
from app.pages.responses import form_of, go, page, version_of

PAGE_URL: Final = "/choices/{token:str}"
NAMES: Final[Mapping[Channel, Words]] = {
    Channel.SMS: Words("Tin nhắn SMS", "SMS"),
    Channel.ZALO: Words("Zalo", "Zalo"),
    Channel.PUSH: Words("Thông báo trong ứng dụng", "A notice of the app"),
    Channel.EMAIL: Words("Thư điện tử", "E-mail"),
    Channel.NONE: Words("Không nhận, trừ tin không thể hoãn", "Nothing but what cannot wait"),
}
CHANGED: Final = Words(
    "Lựa chọn vừa được thay đổi ở nơi khác; hãy xem lại.",
    "The choices were changed elsewhere meanwhile; please look again.",
)
WRONG: Final = Words("Chọn một cách nhận tin", "Choose how you are told")


@get(PAGE_URL, opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show(request: MotcuaRequest, token: FromPath[str]) -> Response[str]:
    """What is chosen now."""
    return await _choices(request, token, await _account(token))


@post(PAGE_URL, opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def keep(
    request: MotcuaRequest, token: FromPath[str], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """Keep what was chosen, and give the e-mail address up where no letters are wanted."""
    form = await form_of(request)
    account = await _account(token)
    channel = next((each for each in Channel if each.value == form.get("channel")), None)
    if channel is None:
        error = {"field": "channel", "message": WRONG.in_language(language_of(request))}
        return await _choices(request, token, account, errors=[error])
    try:
        await preferences.choose(
            citizen_id=account.id,
            changes={"channel": channel, "surveys": form.get("surveys") == "yes"},
            expected_version=version_of(form),
            now=now,
        )
    except PreconditionFailed:
        error = {"field": "channel", "message": CHANGED.in_language(language_of(request))}
        return await _choices(request, token, await _account(token), errors=[error])
    if form.get("letters") == "no":
        await emails.give_up(citizen_id=account.id, now=now)
    return go(request, f"/choices/{token}?kept=yes")


@post(f"{PAGE_URL}/unsubscribe", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=200)
async def unsubscribe(token: FromPath[str], now: NamedDependency[datetime]) -> Response[str]:
    """The button a mailbox shows beside a letter (RFC 8058): no letters any more, asked by no form of ours.

    The link is the proof; nothing else can be done with it here.
    """
    await emails.give_up(citizen_id=(await _account(token)).id, now=now)
    return Response("", media_type="text/plain", status_code=200)


@get(f"{PAGE_URL}/unsubscribe", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def look_first(request: MotcuaRequest, token: FromPath[str]) -> Redirect:
    """A mailbox that only looks changes nothing, and a person who clicks is asked."""
    return go(request, f"/choices/{token}")


async def _account(token: str) -> Account:
    citizen_id = read_choices_token(token)
    if citizen_id is None:
        raise AccountNotFound
    return await preferences.account(citizen_id)


async def _offered(request: MotcuaRequest, account: Account) -> list[Channel]:
    """The ways there are here to this person, and in any case the one that is chosen."""
    configured = request.app.state.settings.channels
    known = await addresses.of_phone(account.phone) if account.phone else addresses.NOWHERE_ELSE
    leads = {
        Channel.SMS: account.phone is not None,
        Channel.ZALO: account.phone is not None and configured.zalo is not None,
        Channel.PUSH: bool(known.push) and configured.push is not None,
        Channel.EMAIL: known.email is not None and configured.smtp is not None,
        Channel.NONE: True,
    }
    return [channel for channel, there in leads.items() if there or channel is account.preferences.channel]


async def _choices(
    request: MotcuaRequest, token: str, account: Account, *, errors: list[dict[str, str]] | None = None
) -> Response[str]:
    language = language_of(request)
    email = await emails.of_citizen(account.id)
    context: dict[str, Any] = {
        "action": f"/choices/{token}",
        "phone": mask(account.phone) if account.phone else "",
        "channels": [
            {"value": channel.value, "text": NAMES[channel].in_language(language)}
            for channel in await _offered(request, account)
        ],
        "chosen": account.preferences.channel.value,
        "surveys": account.preferences.surveys,
        "letters": _masked(email.address) if email else "",
        "version": account.version,
        "kept": request.query_params.get("kept") == "yes" and not errors,
        "errors": errors or [],
    }
    return page(request, "choices/choose.html", context, status=422 if errors else 200)


def _masked(address: str) -> str:
    """`l•••@example.vn`: who holds the link need not be who holds the mailbox any more."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}•••@{domain}"


choices_handlers: Final[list[Any]] = [show, keep, unsubscribe, look_first]
