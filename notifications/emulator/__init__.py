"""A Twilio that runs on your laptop: the documented Messages resource over real HTTP, faults included.

It checks Basic auth and the form, answers as Twilio does, and calls back with signed, growing sets of
fields. Numbers ending in the magic digits misbehave on purpose (`faults.py`); `/__log` shows every message.
"""

from notifications.emulator.server import make_emulator, running_emulator

__all__ = ["make_emulator", "running_emulator"]
