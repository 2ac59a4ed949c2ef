"""Whether systems outside answer as they are configured: one finding each, nothing changed by asking."""

import httpx

from app.servers.doctor import Finding
from app.settings import EMULATED, Settings
from partners.portal.client import HttpPortal
from partners.portal.port import PortalRefused, PortalUnavailable
from partners.registries.port import RegistryUnavailable
from partners.registries.sources import SOURCES

NOT_CONFIGURED = "not configured"


async def examine_neighbours(settings: Settings) -> list[Finding]:
    """What `doctor` says of them."""
    return [await _portal(settings), *await _registries(settings)]


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


async def _registries(settings: Settings) -> list[Finding]:
    """Asked with a key that is none: a registry that is there refuses it, and nobody is looked up."""
    name = "registries"
    if settings.registries is None:
        return [Finding(name, True, NOT_CONFIGURED)]
    if settings.registries.url == EMULATED:
        return [Finding(name, True, "the emulator, started by `motcua up`")]
    findings = []
    async with httpx.AsyncClient(trust_env=False) as client:
        for make in SOURCES:
            source = make(client, settings.registries)
            label = f"{source.registry} registry"
            try:
                await source.knock()
            except RegistryUnavailable as reason:
                findings.append(
                    Finding(
                        label, False, f"does not answer ({reason})",
                        "Look-ups are owed meanwhile; check MOTCUA_REGISTRIES_URL and …_TOKEN.",
                    )
                )  # fmt: skip
            else:
                findings.append(Finding(label, True, "answers"))
    return findings
