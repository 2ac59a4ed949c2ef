"""The portal of the settings, ready to be told."""

import contextlib
from collections.abc import AsyncIterator

import httpx

from app.settings import EMULATED, Settings, SettingsError
from partners.portal.client import HttpPortal


@contextlib.asynccontextmanager
async def open_portal(settings: Settings) -> AsyncIterator[HttpPortal | None]:
    """None where none is configured. Raises `SettingsError` for an emulator nobody started."""
    if settings.portal is None:
        yield None
        return
    if settings.portal.url == EMULATED:
        raise SettingsError(
            "MOTCUA_PORTAL_URL=emulator is for `motcua up` and `motcua demo`; here name its address."
        )
    async with httpx.AsyncClient(trust_env=False) as client:
        yield HttpPortal(client, settings.portal)
