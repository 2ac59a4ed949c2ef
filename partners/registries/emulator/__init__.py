"""Four registries that run on your laptop behind one gateway, over real HTTP, faults included."""

from partners.registries.emulator.server import RegistriesEmulator, running_registries

__all__ = ["RegistriesEmulator", "running_registries"]
