"""A Twilio that runs on your laptop: the documented Messages resource over real HTTP, faults included.

It checks Basic auth and the form, answers as Twilio does, and calls back with signed, growing sets of
fields. Numbers ending in the magic digits misbehave on purpose (`faults.py`); `/__script` has any number
misbehave; `/__log` shows every message. What it can do is in docs/messages.md.
"""

from notifications.emulator.server import make_emulator, running_emulator

__all__ = ["make_emulator", "running_emulator"]
