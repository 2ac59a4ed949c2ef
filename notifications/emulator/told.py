"""What an installation is told of the emulated ways: the variables an operator would set for real ones.

Secrets are made anew for every run; files the providers would hand out are written by `ways` into a folder.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from notifications.templates import TEMPLATES
from notifications.zalo.registered import LONGEST_PARAMETER, Parameter, ZaloTemplate

HOST: Final = "127.0.0.1"
SENDER: Final = "motcua@mail.emulator"
AUTHORITY: Final = "mail-authority.pem"
TEMPLATES_FILE: Final = "zalo-templates.json"
ACCOUNT_FILE: Final = "push-account.json"


class Ports(NamedTuple):
    """Where each listens; `page` shows what they were given."""

    page: int
    mail: int
    brandname: int
    zalo: int
    push: int


def environment(folder: Path, ports: Ports) -> Mapping[str, Mapping[str, str]]:
    """By way: what `app.channel_settings` reads."""
    zalo, brandname, push = (f"http://{HOST}:{port}" for port in (ports.zalo, ports.brandname, ports.push))
    return {
        "smtp": {
            "MOTCUA_SMTP_URL": f"smtp+starttls://{HOST}:{ports.mail}",
            "MOTCUA_SMTP_SENDER": SENDER,
            "MOTCUA_SMTP_USER": "motcua",
            "MOTCUA_SMTP_PASSWORD": secrets.token_urlsafe(12),
            "MOTCUA_SMTP_CA": str(folder / AUTHORITY),
        },
        "brandname": {
            "MOTCUA_BRANDNAME_URL": brandname,
            "MOTCUA_BRANDNAME_KEY": secrets.token_urlsafe(12),
            "MOTCUA_BRANDNAME_SECRET": secrets.token_urlsafe(12),
            "MOTCUA_BRANDNAME": "MOTCUA",
        },
        "zalo": {
            "MOTCUA_ZALO_APP_ID": "1000000000000000001",
            "MOTCUA_ZALO_SECRET_KEY": secrets.token_urlsafe(12),
            # A new one: those of an earlier run are refused, as they are where a chain was broken.
            "MOTCUA_ZALO_REFRESH_TOKEN": secrets.token_urlsafe(24),
            "MOTCUA_ZALO_EVENTS_SECRET": secrets.token_urlsafe(12),
            "MOTCUA_ZALO_TEMPLATES": str(folder / TEMPLATES_FILE),
            "MOTCUA_ZALO_URL": zalo,
            "MOTCUA_ZALO_OAUTH_URL": zalo,
        },
        "push": {"MOTCUA_PUSH_URL": push, "MOTCUA_PUSH_ACCOUNT": str(folder / ACCOUNT_FILE)},
    }


def zalo_templates() -> dict[str, ZaloTemplate]:
    """As if Zalo had approved every wording of ours in Vietnamese, with blanks of the same names."""
    return {
        code: ZaloTemplate(
            str(400_000 + nth),
            "vi",
            {name: Parameter(name, min(LONGEST_PARAMETER, most)) for name, most in ours.longest.items()},
        )
        for nth, (code, ours) in enumerate(sorted(TEMPLATES.items()))
        if ours.longest
    }


def write_templates(path: Path) -> None:
    path.write_bytes(msgspec.json.encode(zalo_templates()))
