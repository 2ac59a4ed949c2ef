"""The providers of this installation, from its settings."""

from app.settings import Settings
from notifications.mail.smtp_channel import SmtpChannel
from notifications.port import Channels, SmsChannel
from notifications.twilio_channel import TwilioChannel
from notifications.ways import Way


def make_channels(settings: Settings) -> Channels:
    others: dict[Way, SmsChannel] = {}
    smtp = settings.channels.smtp
    if smtp is not None:
        others[Way.EMAIL] = SmtpChannel(smtp)
    return Channels(
        sms=TwilioChannel(settings.twilio, public_url=settings.public_url),
        pages_url=settings.public_url,
        others=others,
        letters_from=smtp.sender if smtp else "",
    )
