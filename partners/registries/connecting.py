"""The registries of the settings, ready to be asked."""

import contextlib
from collections.abc import AsyncIterator

import httpx

from app.core.clock import current_time
from app.settings import EMULATED, Settings, SettingsError
from partners.registries.asking import Registries
from partners.registries.sources import SOURCES


@contextlib.asynccontextmanager
async def open_registries(settings: Settings) -> AsyncIterator[Registries | None]:
    """None where none are configured. Raises `SettingsError` for an emulator nobody started."""
    configured = settings.registries
    if configured is None:
        yield None
        return
    if configured.url == EMULATED:
        raise SettingsError(
            "MOTCUA_REGISTRIES_URL=emulator is for `motcua up` and `motcua demo`; here name its address."
        )
    async with httpx.AsyncClient(trust_env=False) as client:
        yield Registries([make(client, configured) for make in SOURCES], clock=current_time)
