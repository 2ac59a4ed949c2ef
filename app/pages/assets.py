"""Static files as pages name them: an address that changes with the content, and its fingerprint.

`asset("console.css")` is served under `/static` with `Cache-Control: immutable`, because another content
has another address. The fingerprint (subresource integrity) makes a browser refuse a file that was
altered on its way.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from markupsafe import Markup

from app.queue.voice import CLIPS

STATIC: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static"


class Asset(NamedTuple):
    """Where a file is served, and what it must be."""

    url: str
    integrity: str


@cache
def asset(path: str, *, static: Path = STATIC) -> Asset:
    """The asset at this path below the static folder; a name that is not there is a mistake of ours."""
    digest = hashlib.sha384((static / path).read_bytes()).digest()
    return Asset(
        url=f"{PREFIX}/{path}?v={digest.hex()[:12]}",
        integrity="sha384-" + base64.b64encode(digest).decode(),
    )


def stylesheet(path: str) -> Markup:
    """The element that loads a style."""
    found = asset(path)
    return Markup('<link rel="stylesheet" href="{}" integrity="{}">').format(*found)


def script(path: str) -> Markup:
    """The element that loads a script once the page can be read."""
    found = asset(path)
    return Markup('<script src="{}" integrity="{}" defer></script>').format(*found)


@cache
def voice_clips(*, static: Path = STATIC) -> Mapping[str, str]:
    """Where each recorded clip of a call is served, by its name in `app.queue.voice`.

    The program ships none; a centre that has recordings puts them into `static/voice` (`a.mp3`, `mot.mp3`).
    A call with a word that is missing is told by its gong alone.
    """
    found = sorted((static / "voice").glob("*.mp3"))
    return {
        path.stem: asset(f"voice/{path.name}", static=static).url for path in found if path.stem in CLIPS
    }
