"""A national portal that runs on your laptop: the older contract over real HTTP, faults on demand.

It is stricter than it must be: a step that comes out of order, or a dossier that is made twice, is refused.
"""

from partners.portal.emulator.server import PortalEmulator, running_portal

__all__ = ["PortalEmulator", "running_portal"]
