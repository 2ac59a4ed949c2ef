"""By which ways messages leave here, and whether each lets us in: a finding each, nobody is written to."""

from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from app.channel_settings import ChannelSettings
from app.servers.doctor import Finding
from app.settings import SANDBOX_ACCOUNT, Settings
from notifications import calls
from notifications.brandname.channel import BrandnameChannel
from notifications.classification import Verdict
from notifications.mail.smtp_channel import SmtpChannel
from notifications.port import Accepted, Rejected, Sending
from notifications.push.access import Access
from notifications.push.access import load as load_account
from notifications.zalo.registered import load as load_templates

NOT_CONFIGURED: Final = "not configured"


async def examine_channels(settings: Settings) -> list[Finding]:
    """What `doctor` says of them. Zalo is not asked: asking would spend its refresh token."""
    configured = settings.channels
    async with calls.open_client() as client:
        return [
            _sms(settings),
            await _brandname(configured, client),
            await _email(configured),
            _zalo(configured),
            await _push(configured, client),
        ]


def _sms(settings: Settings) -> Finding:
    """The first provider: which one it is, never the account's token."""
    twilio = settings.twilio
    if twilio.account_sid == SANDBOX_ACCOUNT:
        return Finding("SMS", True, f"no account; the emulator at {twilio.api_base}")
    return Finding("SMS", True, f"Twilio, account {twilio.account_sid[:6]}…, sender {twilio.sender}")


async def _brandname(configured: ChannelSettings, client: httpx.AsyncClient) -> Finding:
    name = "brand-name SMS"
    if configured.brandname is None:
        return Finding(name, True, NOT_CONFIGURED)
    channel = BrandnameChannel(client, configured.brandname, public_url="")
    order = "first" if configured.brandname.first else "second"
    return await _knock(
        name, channel.knock, f"lets us in as {configured.brandname.brandname}, tried {order}",
        "Check MOTCUA_BRANDNAME_URL, …_KEY, …_SECRET and MOTCUA_BRANDNAME.",
    )  # fmt: skip


async def _email(configured: ChannelSettings) -> Finding:
    name = "e-mail"
    if configured.smtp is None:
        return Finding(name, True, NOT_CONFIGURED)
    smtp = configured.smtp
    try:
        channel = SmtpChannel(smtp)
    except ValueError as reason:
        return Finding(name, False, str(reason), "Name a PEM file, or none for the system's authorities.")
    reports = f"reports to {smtp.bounces}" if smtp.bounces else "no reports of what does not arrive"
    return await _knock(
        name, channel.knock, f"{smtp.host} lets us in ({smtp.security}), {reports}",
        "Check MOTCUA_SMTP_URL, …_USER, …_PASSWORD and …_CA.",
    )  # fmt: skip


def _zalo(configured: ChannelSettings) -> Finding:
    name = "Zalo"
    if configured.zalo is None:
        return Finding(name, True, NOT_CONFIGURED)
    try:
        templates = load_templates(configured.zalo.templates)
    except ValueError as reason:
        return Finding(name, False, str(reason), "Mend the file; docs/channels.md says how it is written.")
    events = "" if configured.zalo.events_secret else ", events are refused (MOTCUA_ZALO_EVENTS_SECRET)"
    return Finding(name, True, f"{len(templates)} templates{events}; not asked")


async def _push(configured: ChannelSettings, client: httpx.AsyncClient) -> Finding:
    name = "push"
    if configured.push is None:
        return Finding(name, True, NOT_CONFIGURED)
    try:
        account = load_account(configured.push.account)
    except ValueError as reason:
        return Finding(name, False, str(reason), "Name the file the provider gave out.")

    async def knock() -> Sending:
        bought = await Access(client, account).current()
        return bought if isinstance(bought, Rejected) else Accepted("")

    return await _knock(
        name, knock, f"sells us access to {account.project_id}", "Check MOTCUA_PUSH_ACCOUNT."
    )


async def _knock(name: str, knock: Callable[[], Awaitable[Sending]], well: str, remedy: str) -> Finding:
    answer = await knock()
    if isinstance(answer, Accepted):
        return Finding(name, True, well)
    if isinstance(answer, Rejected) and answer.verdict is Verdict.CONFIGURATION:
        return Finding(name, False, f"does not let us in ({answer.code})", remedy)
    why = answer.code if isinstance(answer, Rejected) else answer.why
    return Finding(name, False, f"does not answer ({why})", f"Messages go another way or wait. {remedy}")
