"""How an emulator calls back: one client for the whole program."""

import functools
from typing import Final

import httpx

# What every provider here gives us to answer a callback.
TIMEOUT_S: Final = 5.0


@functools.cache
def client() -> httpx.Client:
    """One that any thread may use. A new one for each call would read the authorities of the whole web, ten
    times what the call itself costs. No connection is kept: each call of a provider comes anew, and one
    that was kept would be found dead where our side was restarted.
    """
    return httpx.Client(
        timeout=TIMEOUT_S, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
    )
