"""Settings: read from the environment once, at the entrance; the rest of the program receives them.

Every variable is listed in `docs/settings.md`; `docker-compose.yml` passes those a production sets.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.channel_settings import NO_CHANNELS, ChannelSettings, channel_settings
from app.core.clock import FastClock
from app.core.crypto import Secret

DEFAULT_DATA_DIR: Final = Path(".motcua")
# An SMS of one segment has room for this much before the path of a link.
PUBLIC_URL_LENGTH: Final = 64
# Nobody's account: what the emulator answers to.
SANDBOX_ACCOUNT: Final = "AC00000000000000000000000000000000"
REAL_PROVIDER: Final = "twilio.com"
SENDER_TAKES_PER_SECOND: Final = 10
# In place of a neighbour's address: the emulator that comes with the project, started by `up` and `demo`.
EMULATED: Final = "emulator"
NATIONAL_PORTAL: Final = "dichvucong.gov.vn"
HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
PAPER_STORE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,39}")


class SettingsError(Exception):
    """A setting is missing or wrong; the message names the variable and what it should be."""


@dataclass(frozen=True)
class TwilioSettings:
    account_sid: str
    auth_token: Secret
    api_base: str
    sender: str
    # Messaging services, `MG…`: without one the sender is used. Codes never wait behind notices.
    service_codes: str = ""
    service_notices: str = ""
    # While the token is being changed callbacks are signed with either.
    other_token: Secret | None = None
    # What each sender takes: an alphanumeric one about ten, a short code a hundred.
    per_second: int = SENDER_TAKES_PER_SECOND


@dataclass(frozen=True)
class PortalSettings:
    """The national portal's adapter; its `url` is `emulator` until the one of the project has a port."""

    url: str
    agency: str
    user: str
    password: Secret


@dataclass(frozen=True)
class RegistriesSettings:
    """The gateway before the national registries; `url` may be `emulator` like the portal's.

    `paper_stores`: the stores of people's papers it leads to, as the catalogue names them.
    """

    url: str
    token: Secret
    paper_stores: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What the operator chose. `database_url` and `redis_url` absent means embedded servers."""

    data_dir: Path
    database_url: str | None
    redis_url: str | None
    public_url: str
    host: str
    port: int
    workers: int
    log_level: str
    twilio: TwilioSettings
    documents_url: str
    keys_file: Path | None
    signing_keys: Path
    allow_private_webhooks: bool
    otp_per_address_per_hour: int
    partner_requests_per_minute: int
    clock: FastClock | None
    worker_metrics_port: int | None = None
    traces_url: str | None = None
    roads_url: str | None = None
    portal: PortalSettings | None = None
    registries: RegistriesSettings | None = None
    sandbox: bool = False
    antivirus: str | None = None
    payment_stops_clock: bool = True
    signing_passphrase: Secret | None = None
    channels: ChannelSettings = NO_CHANNELS
    partner_ca_file: str | None = None
    # Where a link in a message may lead beside our own pages.
    link_hosts: frozenset[str] = frozenset()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        env = os.environ if environ is None else environ
        data_dir = Path(env.get("MOTCUA_DATA_DIR") or DEFAULT_DATA_DIR).absolute()
        port = _integer(env, "MOTCUA_PORT", 8000)
        public_url = env.get("MOTCUA_PUBLIC_URL") or f"http://127.0.0.1:{port}"
        if not public_url.startswith(("http://", "https://")):
            raise SettingsError("MOTCUA_PUBLIC_URL must start with http:// or https://.")
        if len(public_url) > PUBLIC_URL_LENGTH:
            raise SettingsError(f"MOTCUA_PUBLIC_URL must have at most {PUBLIC_URL_LENGTH} characters.")
        settings = cls(
            data_dir=data_dir,
            database_url=env.get("DATABASE_URL") or None,
            redis_url=env.get("REDIS_URL") or None,
            public_url=public_url.rstrip("/"),
            host=env.get("MOTCUA_HOST") or "127.0.0.1",
            port=port,
            workers=_integer(env, "MOTCUA_WORKERS", 1),
            log_level=env.get("MOTCUA_LOG_LEVEL") or "info",
            twilio=TwilioSettings(
                account_sid=env.get("TWILIO_ACCOUNT_SID") or SANDBOX_ACCOUNT,
                auth_token=Secret(env.get("TWILIO_AUTH_TOKEN") or "sandbox-token"),
                api_base=env.get("TWILIO_API_BASE") or "http://127.0.0.1:8010",
                sender=env.get("TWILIO_SENDER") or "MOTCUA",
                service_codes=env.get("TWILIO_SERVICE_CODES") or "",
                service_notices=env.get("TWILIO_SERVICE_NOTICES") or "",
                other_token=_secret(env, "TWILIO_AUTH_TOKEN_OTHER"),
                per_second=max(1, _integer(env, "TWILIO_PER_SECOND", SENDER_TAKES_PER_SECOND)),
            ),
            documents_url=env.get("MOTCUA_DOCUMENTS_URL") or f"file://{data_dir / 'documents'}",
            keys_file=Path(env["MOTCUA_KEYS_FILE"]) if env.get("MOTCUA_KEYS_FILE") else None,
            allow_private_webhooks=_flag(env, "MOTCUA_ALLOW_PRIVATE_WEBHOOKS"),
            otp_per_address_per_hour=_integer(env, "MOTCUA_OTP_PER_ADDRESS_PER_HOUR", 20),
            partner_requests_per_minute=max(1, _integer(env, "MOTCUA_PARTNER_REQUESTS_PER_MINUTE", 600)),
            clock=_clock(env),
            traces_url=_traces(env),
            worker_metrics_port=_integer(env, "MOTCUA_WORKER_METRICS_PORT", 0) or None,
            roads_url=env.get("MOTCUA_ROADS_URL") or None,
            portal=_portal(env),
            registries=_registries(env),
            sandbox=_flag(env, "MOTCUA_SANDBOX"),
            antivirus=_antivirus(env),
            payment_stops_clock=_flag(env, "MOTCUA_PAYMENT_STOPS_CLOCK", default="yes"),
            signing_keys=Path(env.get("MOTCUA_SIGNING_KEYS") or data_dir / "signing"),
            signing_passphrase=_secret(env, "MOTCUA_SIGNING_PASSPHRASE"),
            channels=_channels(env),
            partner_ca_file=env.get("MOTCUA_PARTNER_CA") or None,
            link_hosts=_link_hosts(env, public_url),
        )
        _refuse_sandbox_beside_production(settings)
        return settings


def _refuse_sandbox_beside_production(settings: Settings) -> None:
    """A rehearsal never reaches a person: no account of a provider, and no other clock."""
    if not settings.sandbox:
        return
    host = urlsplit(settings.twilio.api_base).hostname or ""
    real_account = settings.twilio.account_sid != SANDBOX_ACCOUNT
    if real_account or host == REAL_PROVIDER or host.endswith(f".{REAL_PROVIDER}"):
        raise SettingsError(
            "MOTCUA_SANDBOX=yes goes with the SMS emulator only: unset TWILIO_ACCOUNT_SID, and let"
            " TWILIO_API_BASE name the emulator."
        )
    if settings.channels != settings.channels.here():
        raise SettingsError(
            "MOTCUA_SANDBOX=yes goes with emulators of this machine only: unset MOTCUA_SMTP_URL,"
            " MOTCUA_BRANDNAME_URL, MOTCUA_ZALO_APP_ID and MOTCUA_PUSH_ACCOUNT, or let them name those."
        )
    if settings.portal is not None and not _is_here(settings.portal.url):
        raise SettingsError(
            "MOTCUA_SANDBOX=yes goes with the portal emulator only: MOTCUA_PORTAL_URL=emulator."
        )
    if settings.registries is not None and not _is_here(settings.registries.url):
        raise SettingsError(
            "MOTCUA_SANDBOX=yes goes with the registries' emulator only (MOTCUA_REGISTRIES_URL=emulator)."
        )
    if settings.clock is not None:
        raise SettingsError("MOTCUA_SANDBOX=yes has a clock of its own: unset MOTCUA_CLOCK.")


def _portal(env: Mapping[str, str]) -> PortalSettings | None:
    """None where the deployment tells no portal of anything."""
    url = _neighbour_url(env, "MOTCUA_PORTAL_URL")
    if url is None:
        return None
    names = ("MOTCUA_PORTAL_AGENCY", "MOTCUA_PORTAL_USER", "MOTCUA_PORTAL_PASSWORD")
    lacking = [name for name in names if not env.get(name)]
    if lacking and not _is_here(url):
        raise SettingsError(f"MOTCUA_PORTAL_URL needs {', '.join(lacking)} too.")
    agency, user, password = (env.get(name) or EMULATED for name in names)
    return PortalSettings(url, agency, user, Secret(password))


def _registries(env: Mapping[str, str]) -> RegistriesSettings | None:
    """None where nobody is looked up."""
    url = _neighbour_url(env, "MOTCUA_REGISTRIES_URL")
    if url is None:
        return None
    token = env.get("MOTCUA_REGISTRIES_TOKEN")
    if not token and not _is_here(url):
        raise SettingsError("MOTCUA_REGISTRIES_URL needs MOTCUA_REGISTRIES_TOKEN too.")
    named = (each.strip() for each in env.get("MOTCUA_REGISTRIES_PAPERS", "").split(","))
    stores = tuple(each for each in named if each)
    if not all(PAPER_STORE.fullmatch(each) for each in stores):
        raise SettingsError("MOTCUA_REGISTRIES_PAPERS is a list of stores, such as KHO,CSDLQG_DANCU.")
    return RegistriesSettings(url, Secret(token or EMULATED), stores)


def _neighbour_url(env: Mapping[str, str], name: str) -> str | None:
    """Personal data goes there: over TLS, unless it stays on this machine."""
    url = env.get(name)
    if not url:
        return None
    if not _is_here(url) and not url.startswith("https://"):
        raise SettingsError(f"{name} must start with https://, or be `{EMULATED}`.")
    return url.rstrip("/")


def _traces(env: Mapping[str, str]) -> str | None:
    url = env.get("MOTCUA_TRACES_URL") or None
    if url is not None and not url.startswith(("http://", "https://")):
        raise SettingsError("MOTCUA_TRACES_URL must start with http:// or https://.")
    return url


def _is_here(url: str) -> bool:
    return url == EMULATED or (
        url.startswith("http://") and urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
    )


def _channels(env: Mapping[str, str]) -> ChannelSettings:
    try:
        return channel_settings(env)
    except ValueError as reason:
        raise SettingsError(str(reason)) from None


def _link_hosts(env: Mapping[str, str], public_url: str) -> frozenset[str]:
    """Our own, and those that are named."""
    named = env.get("MOTCUA_LINK_HOSTS") or NATIONAL_PORTAL
    hosts = [each.strip().lower() for each in named.split(",") if each.strip()]
    if not all(HOST.fullmatch(each) for each in hosts):
        raise SettingsError(
            "MOTCUA_LINK_HOSTS is a list of host names, such as dichvucong.gov.vn,ninhbinh.gov.vn."
        )
    return frozenset({*hosts, urlsplit(public_url).hostname or ""})


def _integer(env: Mapping[str, str], name: str, default: int) -> int:
    raw = env.get(name)
    if not raw:
        return default
    try:
        return int(raw)
    except ValueError:
        raise SettingsError(f"{name} must be a whole number.") from None


def _clock(env: Mapping[str, str]) -> FastClock | None:
    raw = env.get("MOTCUA_CLOCK")
    if not raw:
        return None
    try:
        return FastClock.parse(raw)
    except ValueError as reason:
        raise SettingsError(f"MOTCUA_CLOCK must be SHOWS,STARTED,RATE: {reason}.") from None


def _antivirus(env: Mapping[str, str]) -> str | None:
    raw = env.get("MOTCUA_CLAMD") or None
    if raw is None:
        return None
    parts = urlsplit(raw)
    if (parts.scheme == "unix" and parts.path) or (parts.scheme == "tcp" and parts.hostname):
        return raw
    raise SettingsError("MOTCUA_CLAMD must be unix:///path/of/the/socket or tcp://host:port.")


def _secret(env: Mapping[str, str], name: str) -> Secret | None:
    return Secret(env[name]) if env.get(name) else None


def _flag(env: Mapping[str, str], name: str, *, default: str = "no") -> bool:
    raw = (env.get(name) or default).lower()
    if raw not in {"yes", "no", "true", "false", "1", "0"}:
        raise SettingsError(f"{name} must be yes or no.")
    return raw in {"yes", "true", "1"}
