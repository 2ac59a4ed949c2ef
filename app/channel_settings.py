"""Settings of the ways a message goes beside the first SMS provider, each absent unless it is named.

Raises `ValueError` with a sentence that names the variable; `app.settings` gives it to the operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from app.core.crypto import Secret

HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Security(StrEnum):
    """How a connection to the mail server is encrypted. `none` only on this machine."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class SmtpSettings:
    """`bounces`: the mailbox reports come to, by sub-address. `ca_file`: an authority of our own."""

    host: str
    port: int
    security: Security
    user: str
    password: Secret
    sender: str
    sender_name: str
    bounces: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True)
class ChannelSettings:
    """The channels of this installation beside Twilio."""

    smtp: SmtpSettings | None = None


NO_CHANNELS: Final = ChannelSettings()


def channel_settings(env: Mapping[str, str]) -> ChannelSettings:
    return ChannelSettings(smtp=_smtp(env))


SMTP_SCHEMES: Final = {
    "smtp+starttls": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
    "smtp": (Security.NONE, 25),
}


def _smtp(env: Mapping[str, str]) -> SmtpSettings | None:
    url = env.get("MOTCUA_SMTP_URL")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        security, usual_port = SMTP_SCHEMES[parts.scheme]
    except (KeyError, ValueError):
        host = None
    if not host or parts.username or parts.password:
        raise ValueError(
            "MOTCUA_SMTP_URL must be smtp+starttls://host:587 or smtps://host:465, and without an account."
        )
    if security is Security.NONE and host not in HERE:
        raise ValueError("MOTCUA_SMTP_URL: smtp:// is for this machine only, a letter goes encrypted.")
    sender = env.get("MOTCUA_SMTP_SENDER", "")
    if "@" not in sender:
        raise ValueError("MOTCUA_SMTP_URL needs MOTCUA_SMTP_SENDER, the address letters come from.")
    if bool(env.get("MOTCUA_SMTP_USER")) != bool(env.get("MOTCUA_SMTP_PASSWORD")):
        raise ValueError("MOTCUA_SMTP_USER and MOTCUA_SMTP_PASSWORD go together.")
    return SmtpSettings(
        host=host,
        port=port or usual_port,
        security=security,
        user=env.get("MOTCUA_SMTP_USER", ""),
        password=Secret(env.get("MOTCUA_SMTP_PASSWORD", "")),
        sender=sender,
        sender_name=env.get("MOTCUA_SMTP_SENDER_NAME") or "Motcua",
        bounces=env.get("MOTCUA_SMTP_BOUNCES") or None,
        ca_file=env.get("MOTCUA_SMTP_CA") or None,
    )
