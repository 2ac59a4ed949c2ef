"""Settings of the ways a message goes beside the first SMS provider, each absent unless it is named.

Raises `ValueError` with a sentence that names the variable; `app.settings` gives it to the operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.core.crypto import Secret

HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Security(StrEnum):
    """How a connection to the mail server is encrypted. `none` only on this machine."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


def is_here(url: str) -> bool:
    return urlsplit(url).hostname in HERE


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
class BrandnameSettings:
    """A domestic SMS gateway; `first`: it is tried before Twilio."""

    url: str
    key: str
    secret: Secret
    brandname: str
    first: bool = False


@dataclass(frozen=True)
class ZaloSettings:
    """An application and its official account. `refresh_token` is the first of a chain; `events_secret`
    signs what Zalo tells us afterwards; `templates` is a file.
    """

    url: str
    oauth_url: str
    app_id: str
    secret_key: Secret
    refresh_token: Secret
    templates: Path
    events_secret: Secret = Secret("")  # noqa: RUF009 - immutable


@dataclass(frozen=True)
class PushSettings:
    """A push service that speaks FCM's HTTP v1; `account` is the file of its service account."""

    url: str
    account: Path


@dataclass(frozen=True)
class ChannelSettings:
    """The channels of this installation beside Twilio."""

    smtp: SmtpSettings | None = None
    brandname: BrandnameSettings | None = None
    zalo: ZaloSettings | None = None
    push: PushSettings | None = None

    @property
    def ways(self) -> list[str]:
        """Every way a message may leave by, the first SMS provider first."""
        sms = ["sms"] if self.brandname is None else ["sms", "brandname"]
        if self.brandname is not None and self.brandname.first:
            sms.reverse()
        others = {"email": self.smtp, "zalo": self.zalo, "push": self.push}
        return [*sms, *(way for way, settings in others.items() if settings is not None)]

    def here(self) -> "ChannelSettings":
        """Those of this machine, for whoever must not let anything out: emulators."""
        smtp, brandname, zalo, push = self.smtp, self.brandname, self.zalo, self.push
        return ChannelSettings(
            smtp=smtp if smtp and smtp.host in HERE else None,
            brandname=brandname if brandname and is_here(brandname.url) else None,
            zalo=zalo if zalo and is_here(zalo.url) and is_here(zalo.oauth_url) else None,
            push=push if push and is_here(push.url) else None,
        )


NO_CHANNELS: Final = ChannelSettings()


def channel_settings(env: Mapping[str, str]) -> ChannelSettings:
    return ChannelSettings(smtp=_smtp(env), brandname=_brandname(env), zalo=_zalo(env), push=_push(env))


def _url(env: Mapping[str, str], name: str) -> str | None:
    """Phones go there: over TLS, unless it stays on this machine."""
    url = env.get(name)
    if not url:
        return None
    parts = urlsplit(url)
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in HERE)):
        raise ValueError(f"{name} must start with https://.")
    if parts.username or parts.password or parts.query:
        raise ValueError(f"{name} must be an address alone, without an account in it.")
    return url.rstrip("/")


def _needed(env: Mapping[str, str], whose: str, *names: str) -> list[str]:
    lacking = [name for name in names if not env.get(name)]
    if lacking:
        raise ValueError(f"{whose} needs {', '.join(lacking)} too.")
    return [env[name] for name in names]


ZALO: Final = "https://business.openapi.zalo.me"
ZALO_OAUTH: Final = "https://oauth.zaloapp.com"


def _zalo(env: Mapping[str, str]) -> ZaloSettings | None:
    app_id = env.get("MOTCUA_ZALO_APP_ID")
    if not app_id:
        return None
    secret_key, refresh_token, templates = _needed(
        env,
        "MOTCUA_ZALO_APP_ID",
        "MOTCUA_ZALO_SECRET_KEY",
        "MOTCUA_ZALO_REFRESH_TOKEN",
        "MOTCUA_ZALO_TEMPLATES",
    )
    return ZaloSettings(
        url=_url(env, "MOTCUA_ZALO_URL") or ZALO,
        oauth_url=_url(env, "MOTCUA_ZALO_OAUTH_URL") or ZALO_OAUTH,
        app_id=app_id,
        secret_key=Secret(secret_key),
        refresh_token=Secret(refresh_token),
        templates=Path(templates),
        events_secret=Secret(env.get("MOTCUA_ZALO_EVENTS_SECRET", "")),
    )


FCM: Final = "https://fcm.googleapis.com"


def _push(env: Mapping[str, str]) -> PushSettings | None:
    account = env.get("MOTCUA_PUSH_ACCOUNT")
    if not account:
        return None
    return PushSettings(url=_url(env, "MOTCUA_PUSH_URL") or FCM, account=Path(account))


SMS_PROVIDERS: Final = ("twilio", "brandname")


def _brandname(env: Mapping[str, str]) -> BrandnameSettings | None:
    first = env.get("MOTCUA_SMS_FIRST") or "twilio"
    if first not in SMS_PROVIDERS:
        raise ValueError(f"MOTCUA_SMS_FIRST must be one of {', '.join(SMS_PROVIDERS)}.")
    url = _url(env, "MOTCUA_BRANDNAME_URL")
    if url is None:
        if first == "brandname":
            raise ValueError("MOTCUA_SMS_FIRST=brandname needs MOTCUA_BRANDNAME_URL too.")
        return None
    key, secret, brandname = _needed(
        env,
        "MOTCUA_BRANDNAME_URL",
        "MOTCUA_BRANDNAME_KEY",
        "MOTCUA_BRANDNAME_SECRET",
        "MOTCUA_BRANDNAME",
    )
    return BrandnameSettings(url, key, Secret(secret), brandname, first == "brandname")


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
