"""The checked-in contract: `openapi/*.json` is what the program generates, byte for byte."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from app.core import keys as core_keys
from app.core.crypto import Keyring
from app.http.openapi import document
from app.http.principals import Audience
from app.http.tokens import SigningKey
from app.main import create_app
from app.settings import Settings

# The contract does not depend on an installation: nothing is opened, no key is kept.
NOWHERE: Final = "postgresql://nowhere/"


def documents() -> Mapping[str, str]:
    """File name → content, keys sorted, so that equal contracts are equal files."""
    core_keys.install(
        core_keys.Keys(
            signing={"none": SigningKey.generate().to_pem()},
            fields=Keyring({1: bytes(32)}),
            index=bytes(32),
            codes=bytes(32),
            pages=bytes(32),
        )
    )
    settings = Settings.from_environment({})
    app = create_app(settings, database_url=NOWHERE, redis_url="redis://nowhere")
    parts: dict[str, Audience | None] = {"openapi.json": None}
    parts |= {f"{audience.value}.json": audience for audience in Audience}
    return {
        name: msgspec.json.format(
            msgspec.json.encode(document(app, audience), order="sorted"), indent=1
        ).decode()
        + "\n"
        for name, audience in parts.items()
    }


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in documents().items():
        (folder / name).write_text(content, encoding="utf-8")


def differences(folder: Path) -> list[str]:
    """Names of files that are missing or out of date."""
    return [
        name
        for name, content in documents().items()
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != content
    ]
