"""Static files as pages name them: an address that changes with the content, and its fingerprint.

`asset("console.css")` is served under `/static` with `Cache-Control: immutable`, because another content
has another address. The fingerprint (subresource integrity) makes a browser refuse a file that was
altered on its way.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from markupsafe import Markup

STATIC: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static"


class Asset(NamedTuple):
    """Where a file is served, and what it must be."""

    url: str
    integrity: str


@cache
def asset(path: str) -> Asset:
    """The asset at this path below the static folder; a name that is not there is a mistake of ours."""
    digest = hashlib.sha384((STATIC / path).read_bytes()).digest()
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
