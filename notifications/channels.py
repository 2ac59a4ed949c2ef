"""The providers of this installation, from its settings."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TypeVar

from app.settings import Settings, SettingsError
from notifications.brandname.channel import BrandnameChannel
from notifications.calls import open_client
from notifications.mail.smtp_channel import SmtpChannel
from notifications.port import Channels, SmsChannel
from notifications.push.access import load as load_account
from notifications.push.channel import PushChannel
from notifications.twilio_channel import TwilioChannel
from notifications.ways import Way
from notifications.zalo.channel import ZaloChannel
from notifications.zalo.registered import ZaloTemplate
from notifications.zalo.registered import load as load_templates

S = TypeVar("S")
T = TypeVar("T")


@contextlib.asynccontextmanager
async def open_channels(settings: Settings) -> AsyncIterator[Channels]:
    """Ready to be used for as long as the block runs; connections are kept between calls."""
    configured = settings.channels
    async with open_client() as client:
        others: dict[Way, SmsChannel] = {}
        if configured.smtp is not None:
            others[Way.EMAIL] = _or_refuse(SmtpChannel, configured.smtp)
        if configured.brandname is not None:
            others[Way.BRANDNAME] = BrandnameChannel(
                client, configured.brandname, public_url=settings.public_url
            )
        templates: Mapping[str, ZaloTemplate] = {}
        if configured.zalo is not None:
            others[Way.ZALO] = ZaloChannel(client, configured.zalo)
            templates = _or_refuse(load_templates, configured.zalo.templates)
        if configured.push is not None:
            account = _or_refuse(load_account, configured.push.account)
            others[Way.PUSH] = PushChannel(client, account, url=configured.push.url)
        yield Channels(
            sms=TwilioChannel(settings.twilio, public_url=settings.public_url),
            sms_per_second=settings.twilio.per_second,
            pages_url=settings.public_url,
            others=others,
            sms_first=Way.BRANDNAME if configured.brandname and configured.brandname.first else Way.SMS,
            letters_from=configured.smtp.sender if configured.smtp else "",
            zalo_templates=templates,
        )


def _or_refuse(make: Callable[[S], T], source: S) -> T:
    """What an operator's file says; one that cannot be read or says something wrong stops the start."""
    try:
        return make(source)
    except ValueError as reason:
        raise SettingsError(str(reason)) from reason
