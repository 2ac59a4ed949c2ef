"""The providers of this installation, from its settings."""

from app.settings import Settings
from notifications.port import Channels
from notifications.twilio_channel import TwilioChannel


def make_channels(settings: Settings) -> Channels:
    return Channels(
        sms=TwilioChannel(settings.twilio, public_url=settings.public_url), pages_url=settings.public_url
    )
