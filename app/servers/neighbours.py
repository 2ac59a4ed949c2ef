"""Whether systems outside answer as they are configured: one finding each, nothing changed by asking."""

import httpx

from app.servers.doctor import Finding
from app.settings import EMULATED, Settings
from partners.portal.client import HttpPortal
from partners.portal.port import PortalRefused, PortalUnavailable

NOT_CONFIGURED = "not configured"


async def examine_neighbours(settings: Settings) -> list[Finding]:
    """What `doctor` says of them."""
    return [await _portal(settings)]


async def _portal(settings: Settings) -> Finding:
    name = "national portal"
    if settings.portal is None:
        return Finding(name, True, NOT_CONFIGURED)
    if settings.portal.url == EMULATED:
        return Finding(name, True, "the emulator, started by `motcua up`")
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            await HttpPortal(client, settings.portal).sign_in()
    except PortalUnavailable as reason:
        return Finding(
            name, False, f"does not answer ({reason})",
            "Dossiers wait for it meanwhile; check MOTCUA_PORTAL_URL and the way there.",
        )  # fmt: skip
    except PortalRefused as reason:
        return Finding(name, False, str(reason), "Check MOTCUA_PORTAL_USER and MOTCUA_PORTAL_PASSWORD.")
    return Finding(name, True, "signs us in")
